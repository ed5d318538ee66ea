#include "medium.h"

#include "lock.h"

__thread struct medium_cache medium_cache;

bool medium_return_all(void)
{
    const bool any = medium_cache.count != 0;
    for (size_t class = 0; medium_cache.count != 0; class ++) {
        while (medium_cache.kept[class] != NULL) {
            heap_free(medium_pop(class));
        }
    }
    return any;
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

void medium_make_room(void)
{
    const bool locked = lock_acquire(&heap_lock);
    medium_return_all();
    heap_purge_if_due();
    lock_release(&heap_lock, locked);
}
