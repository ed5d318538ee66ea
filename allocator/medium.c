#include "medium.h"

#include "lock.h"

__thread struct medium_cache medium_cache;

/* A share of the heap; little of one that is being emptied, so that what is free can be
 * given back to the system. */
static void set_limit(void)
{
    const size_t touched = heap.touched_bytes;
    const bool emptied =
        touched >= PURGE_HEAP_BYTES && heap_unused_bytes() >= touched / 2;
    const size_t share = emptied ? 2 * PURGE_SHARE : MEDIUM_KEEP_SHARE;
    medium_cache.limit_bytes =
        medium_cache.open ? touched / share + MEDIUM_KEEP_MIN_BYTES : 0;
}

bool medium_return_all(void)
{
    const bool any = medium_cache.count != 0;
    for (size_t class = 0; medium_cache.count != 0; class ++) {
        while (medium_cache.kept[class] != NULL) {
            heap_free(medium_pop(class));
        }
    }
    set_limit();
    return any;
}

void medium_open(bool open)
{
    medium_cache.open = open;
    medium_return_all();
}

void medium_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                  void *context)
{
    for (size_t class = 0; class < MEDIUM_KEPT_CLASSES; class ++) {
        for (struct block *block = medium_cache.kept[class]; block != NULL;
             block = (struct block *)object_link(block_payload(block))) {
            visit(block, block_size(block), context);
        }
    }
}

static const char *check_list(size_t class, size_t *count, size_t *bytes)
{
    for (struct block *block = medium_cache.kept[class]; block != NULL;
         block = (struct block *)object_link(block_payload(block))) {
        if (++*count > medium_cache.count) {
            return "more blocks are kept than are counted";
        }
        if (!block_is_sound(block) || !block_is_in_use(block)) {
            return "a kept block's tag is broken";
        }
        if (!object_is_free(block_payload(block))) {
            return "a kept block is not sealed";
        }
        if (medium_class(block_size(block)) != class) {
            return "a kept block is in the list of another class";
        }
        *bytes += block_size(block);
    }
    return NULL;
}

const char *medium_check(void)
{
    size_t count = 0;
    size_t bytes = 0;
    const char *broken = medium_cache.kept[MEDIUM_KEPT_CLASSES] != NULL
                             ? "the list behind the last class is used"
                             : NULL;
    for (size_t class = 0; broken == NULL && class < MEDIUM_KEPT_CLASSES; class ++) {
        broken = check_list(class, &count, &bytes);
    }
    if (broken == NULL && (count != medium_cache.count || bytes != heap_kept_bytes)) {
        broken = "the sums of kept blocks are wrong";
    }
    return broken;
}

void medium_make_room(void)
{
    const bool locked = lock_acquire(&heap_lock);
    medium_return_all();
    heap_purge_if_due();
    lock_release(&heap_lock, locked);
}
