#include "medium.h"

__thread struct medium_cache medium_cache;

static bool slot_return(struct medium_slot *slot)
{
    const bool any = slot->kept != NULL;
    while (slot->kept != NULL) {
        struct block *const block = slot->kept;
        object_require_free(block_payload(block));
        slot->kept = (struct block *)object_link(block_payload(block));
        medium_cache.kept_bytes -= block_size(block);
        heap_free(block);
    }
    slot->count = 0;
    return any;
}

bool medium_return_all(void)
{
    bool any = false;
    for (size_t i = 0; i < 1 << MEDIUM_SLOT_BITS; i++) {
        any |= slot_return(&medium_cache.slots[i]);
    }
    return any;
}

/* A cold slot changes its size. */
static void slot_take_over(struct medium_slot *slot, size_t block_bytes)
{
    if (UNLIKELY(slot->kept != NULL)) {
        const bool locked = lock_acquire(&heap_lock);
        slot_return(slot);
        lock_release(&heap_lock, locked);
    }
    slot->size = (uint32_t)(block_bytes / ALIGNMENT_BYTES);
}

/* A share of the heap, so that small heaps stay small; an old reading does no harm. */
static size_t keep_limit(void)
{
    const size_t touched = __atomic_load_n(&heap.touched_bytes, __ATOMIC_RELAXED);
    const size_t share = touched / MEDIUM_KEEP_SHARE + MEDIUM_KEEP_MIN_BYTES;
    return share < MEDIUM_KEEP_BYTES ? share : MEDIUM_KEEP_BYTES;
}

bool medium_keep(struct block *block, size_t block_bytes)
{
    struct medium_slot *const slot = medium_slot(block_bytes);
    if (slot->size != block_bytes / ALIGNMENT_BYTES) {
        if (slot->warmth > 0) {
            slot->warmth--;
        } else {
            slot_take_over(slot, block_bytes);
        }
        return false;
    }
    if (slot->warmth < MEDIUM_WARM || slot->count >= MEDIUM_KEEP_BLOCKS ||
        medium_cache.kept_bytes + block_bytes > keep_limit()) {
        return false;
    }
    object_set_free(block_payload(block), (uintptr_t)slot->kept);
    slot->kept = block;
    slot->count++;
    medium_cache.kept_bytes += block_bytes;
    return true;
}
