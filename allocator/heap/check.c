/* Walking the heap: every block, and every invariant of heap.h, block.h and bins.h. */
#include "heap/heap.h"

static const struct block *region_walk_end(const struct heap_region *region)
{
    const char *const end = region == heap.regions ? heap.top : region->end;
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

bool heap_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                void *context)
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

struct free_sum {
    size_t blocks;
    size_t bytes;
    size_t vacant_bytes; /* in whole pages inside them */
};

static void add_free(const struct block *block, size_t bytes, void *context)
{
    (void)block;
    struct free_sum *const sum = context;
    sum->blocks++;
    sum->bytes += bytes;
}

static const char *check_region(const struct heap_region *region, struct free_sum *sum)
{
    const struct block *const end = region_walk_end(region);
    const struct block *block = heap_region_first(region);
    bool previous_in_use = true;
    while (block < end) {
        const size_t bytes = checked_bytes(block, end);
        if (bytes == 0) {
            return "a block's tag is broken";
        }
        if (bytes < BLOCK_MIN_BYTES) {
            return "a block is smaller than the smallest";
        }
        if ((bins_free_before(&heap_bins, block) == 0) != previous_in_use) {
            return "a footer and the block before it disagree";
        }
        previous_in_use = block_is_in_use(block);
        if (!previous_in_use) {
            add_free(block, bytes, sum);
            const struct page_range inside = heap_free_block_pages(block, bytes);
            if (inside.start < inside.end) {
                sum->vacant_bytes += pages_vacant_within(inside.start, inside.end);
            }
        }
        block = block_at(block, bytes);
        if (!previous_in_use && block < end && !block_is_in_use(block)) {
            return "two free neighbours were not coalesced";
        }
    }
    if (block != end) {
        return "the last block does not end where its region does";
    }
    if (region == heap.regions && !previous_in_use) {
        return "the block before the top is free";
    }
    return block_checksum_is_right(end) ? NULL
                                        : "the tag of the top or of a fence is wrong";
}

static const char *check_untouched(void)
{
    /* The page of the mark, then a sample: reading all would make the pages resident.
     */
    const char *const page_end =
        (const char *)align_up((uintptr_t)heap.touched, PAGE_BYTES);
    for (const char *p = heap.touched; p < page_end && p < heap.end; p++) {
        if (*p != 0) {
            return "memory above the touched mark is not zero";
        }
    }
    return NULL;
}

const char *heap_check(void)
{
    struct free_sum in_heap = {0, 0, 0};
    struct free_sum in_bins = {0, 0, 0};
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const char *const broken = check_region(r, &in_heap);
        if (broken != NULL) {
            return broken;
        }
    }
    const char *const broken = bins_check(&heap_bins);
    if (broken != NULL) {
        return broken;
    }
    bins_visit(&heap_bins, add_free, &in_bins);
    if (in_heap.blocks != in_bins.blocks || in_heap.bytes != in_bins.bytes ||
        in_bins.bytes != heap_bins.free_bytes) {
        return "the bins do not hold exactly the free blocks";
    }
    const uintptr_t top =
        align_up((uintptr_t)heap.top + BLOCK_HEADER_BYTES, PAGE_BYTES);
    if (top < (uintptr_t)heap.touched) {
        in_heap.vacant_bytes += pages_vacant_within(top, (uintptr_t)heap.touched);
    }
    if (in_heap.vacant_bytes != pages_vacant_bytes) {
        return "vacant pages are not inside free blocks";
    }
    return check_untouched();
}
