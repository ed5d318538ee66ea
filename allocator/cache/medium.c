#include "cache/medium.h"

static struct block *first_lists[QUICK_CLASSES + 1];
/* Nobody writes to these: the limit is 0. */
static struct block *const no_lists[QUICK_CLASSES + 1];

__thread struct medium_cache medium_cache = {
    .lists = (struct block **)(uintptr_t)no_lists,
};

/* A share of the heap; little of one that is being emptied, so that what is free can be
 * given back to the system. */
static void set_limit(void)
{
    const size_t share = medium_cache.lean ? QUICK_LEAN_SHARE : QUICK_SHARE;
    const size_t limit = heap.touched_bytes / share + QUICK_MIN_BYTES;
    const size_t most = limit < QUICK_MAX_BYTES ? limit : QUICK_MAX_BYTES;
    medium_cache.limit_bytes = medium_cache.open ? most : 0;
}

bool medium_return_all(void)
{
    const bool any = heap_quick_bytes != 0;
    for (uint64_t filled = medium_cache.filled; filled != 0; filled &= filled - 1) {
        const size_t class = (size_t)__builtin_ctzl(filled);
        struct block *block = medium_cache.lists[class];
        medium_cache.lists[class] = NULL;
        while (block != NULL) {
            const void *const payload = block_payload(block);
            object_require_free(payload);
            struct block *const next = (struct block *)object_link(payload);
            heap_free(block);
            block = next;
        }
    }
    medium_cache.filled = 0;
    heap_quick_bytes = 0;
    set_limit();
    return any;
}

void medium_begin(void)
{
    medium_cache.lists = first_lists;
    medium_open(true);
}

void medium_open(bool open)
{
    medium_cache.open = open && medium_cache.lists == first_lists;
    medium_return_all();
}

void medium_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                  void *context)
{
    for (size_t class = 0; class < QUICK_CLASSES; class ++) {
        for (struct block *block = medium_cache.lists[class]; block != NULL;
             block = (struct block *)object_link(block_payload(block))) {
            visit(block, block_size(block), context);
        }
    }
}

static const char *check_list(size_t class, size_t *bytes)
{
    for (struct block *block = medium_cache.lists[class]; block != NULL;
         block = (struct block *)object_link(block_payload(block))) {
        if (!block_checksum_is_right(block) || !block_is_in_use(block)) {
            return "the tag of a block in a quick list is broken";
        }
        if (!object_is_free(block_payload(block))) {
            return "a block in a quick list has no canary";
        }
        if (medium_class(block_size(block)) != class) {
            return "a block is in the quick list of another class";
        }
        *bytes += block_size(block);
        if (*bytes > heap_quick_bytes) {
            return "more is in quick lists than is counted";
        }
    }
    return NULL;
}

const char *medium_check(void)
{
    size_t bytes = 0;
    const char *broken = medium_cache.lists[QUICK_CLASSES] != NULL
                             ? "the list behind the last class is used"
                             : NULL;
    for (size_t class = 0; broken == NULL && class < QUICK_CLASSES; class ++) {
        broken = check_list(class, &bytes);
    }
    if (broken == NULL && bytes != heap_quick_bytes) {
        broken = "the sum over the quick lists is wrong";
    }
    return broken;
}

void medium_set_lean(bool lean)
{
    medium_cache.lean = lean;
    set_limit();
}
