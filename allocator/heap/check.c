/* Walking the heap: every block, and every invariant of heap.h, block.h and bins.h. */
#include "heap/heap.h"

static const struct block *region_walk_end(const struct heap_region *region)
{
    const char *const end = region == heap.regions ? heap.top : heap_region_end(region);
    return (const struct block *)(uintptr_t)end;
}

/* Bytes of a block by its tag; 0: the tag is broken or leads beyond the end. */
static size_t checked_bytes(const struct block *block, const struct block *end)
{
    if (!block_checksum_is_right(block) ||
        (!block_is_in_use(block) &&
         !bins_begins_at(&heap_bins, block_record(block), block))) {
        return 0;
    }
    const size_t bytes = heap_block_bytes(block);
    return bytes <= (uintptr_t)end - (uintptr_t)block ? bytes : 0;
}

bool heap_visit(block_visitor *visit, void *context)
{
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const struct block *const end = region_walk_end(r);
        for (const struct block *b = heap_region_first(r); b < end;) {
            const size_t bytes = checked_bytes(b, end);
            if (bytes < ALIGNMENT_BYTES) {
                return false;
            }
            visit(b, bytes, context);
            b = block_at(b, bytes);
        }
    }
    return true;
}

struct seen {
    const struct block *next; /* where the block seen last ends */
    bool in_use;              /* it is */
    size_t free_bytes;
    size_t vacant_bytes; /* in whole pages inside them */
    const char *broken;
};

static void check_block(const struct block *block, size_t bytes, void *context)
{
    struct seen *const seen = context;
    const bool in_use = block_is_in_use(block);
    const bool free_before = block == seen->next && !seen->in_use;
    if ((bins_free_before(&heap_bins, block) != 0) != free_before) {
        seen->broken = "a footer and the block before it disagree";
    } else if (free_before && !in_use) {
        seen->broken = "two free neighbours were not coalesced";
    } else if (!in_use && bytes < BLOCK_MIN_BYTES) {
        seen->broken = "a free block is smaller than the smallest";
    } else if (!in_use) {
        const struct page_range inside = heap_free_block_pages(block, bytes);
        seen->free_bytes += bytes;
        seen->vacant_bytes += pages_vacant_within(inside.start, inside.end);
    }
    seen->next = block_at(block, bytes);
    seen->in_use = in_use;
}

static const char *check_ends(void)
{
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const struct block *const end = region_walk_end(r);
        if (!block_checksum_is_right(end)) {
            return "the tag of the top or of a fence is wrong";
        }
        if (r == heap.regions && bins_free_before(&heap_bins, end) != 0) {
            return "the block before the top is free";
        }
    }
    /* No more than the page of the mark: to read others would make them resident. */
    for (const char *p = heap.touched; p < heap.end && (uintptr_t)p % PAGE_BYTES != 0;
         p++) {
        if (*p != 0) {
            return "memory above the touched mark is not zero";
        }
    }
    return NULL;
}

const char *heap_check(void)
{
    struct seen seen = {0};
    if (!heap_visit(check_block, &seen)) {
        return "a block's tag is broken";
    }
    const char *broken = seen.broken != NULL ? seen.broken : check_ends();
    broken = broken != NULL ? broken : bins_check(&heap_bins);
    const uintptr_t top =
        align_up((uintptr_t)heap.top + BLOCK_HEADER_BYTES, PAGE_BYTES);
    seen.vacant_bytes += pages_vacant_within(top, (uintptr_t)heap.touched);
    return broken != NULL ? broken
           : seen.free_bytes != heap_bins.free_bytes
               ? "the bins do not hold exactly the free blocks" /* one record each */
           : seen.vacant_bytes != pages_vacant_bytes
               ? "vacant pages are not inside free blocks"
               : NULL;
}
