/* Walking the heap: every block, and every invariant of heap.h, block.h and bins.h. */
#include "heap.h"

static const struct block *region_walk_end(const struct heap_region *region)
{
    const char *const end = region == heap.regions ? heap.top : region->end;
    return (const struct block *)(uintptr_t)end;
}

static const struct block *region_walk_start(const struct heap_region *region)
{
    return (const struct block *)((uintptr_t)region + sizeof *region);
}

bool heap_visit(void (*visit)(const struct block *block, void *context), void *context)
{
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const struct block *const end = region_walk_end(r);
        for (const struct block *b = region_walk_start(r); b < end; b = block_next(b)) {
            if (block_size(b) < ALIGNMENT_BYTES ||
                block_size(b) > (uintptr_t)end - (uintptr_t)b) {
                return false;
            }
            visit(b, context);
        }
    }
    return true;
}

struct free_sum {
    size_t blocks;
    size_t bytes;
};

static void add_free(const struct block *block, void *context)
{
    struct free_sum *const sum = context;
    sum->blocks++;
    sum->bytes += block_size(block);
}

static const char *check_region(const struct heap_region *region, struct free_sum *sum)
{
    const struct block *const end = region_walk_end(region);
    const struct block *block = region_walk_start(region);
    bool previous_in_use = true;
    while (block < end) {
        const size_t bytes = block_size(block);
        if (bytes < ALIGNMENT_BYTES || bytes > (uintptr_t)end - (uintptr_t)block) {
            return "a block's size leads out of its region";
        }
        if (block_is_previous_in_use(block) != previous_in_use) {
            return "a tag and the block before it disagree";
        }
        if (!block_is_in_use(block)) {
            if (!previous_in_use) {
                return "two free neighbours were not coalesced";
            }
            if (block_footer(block) != bytes) {
                return "a free block's footer differs from its size";
            }
            add_free(block, sum);
        }
        previous_in_use = block_is_in_use(block);
        block = block_next(block);
    }
    if (block != end) {
        return "the last block does not end where its region does";
    }
    if (region == heap.regions) {
        return previous_in_use ? NULL : "the block before the top is free";
    }
    return block_is_previous_in_use(end) == previous_in_use ? NULL
                                                            : "a fence's tag is wrong";
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
    struct free_sum in_heap = {0, 0};
    struct free_sum in_bins = {0, 0};
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const char *const broken = check_region(r, &in_heap);
        if (broken != NULL) {
            return broken;
        }
    }
    const char *const broken = bins_check(&heap.bins);
    if (broken != NULL) {
        return broken;
    }
    bins_visit(&heap.bins, add_free, &in_bins);
    if (in_heap.blocks != in_bins.blocks || in_heap.bytes != in_bins.bytes) {
        return "the bins do not hold exactly the free blocks";
    }
    return check_untouched();
}
