/* Giving memory back: the touched part of the top, and pages inside free blocks. */
#include "heap/heap.h"

#include <string.h>

#include "base/knobs.h"
#include "base/os.h"

/* In memory that came from a parent a new mapping never merges with what stands around
 * it: after some 30,000 of them the process could have no more (vm.max_map_count). */
static bool give(struct page_range pages)
{
    void *const start = (void *)pages.start;
    const size_t bytes = pages.end - pages.start;
    return (heap.inherited && os_discard(start, bytes)) || os_purge(start, bytes);
}

size_t heap_vacate(struct page_range pages)
{
    const size_t before = pages_vacant_bytes;
    if (heap.locked || pages.start >= pages.end ||
        pages_vacant_within(pages.start, pages.end) == pages.end - pages.start ||
        !give(pages)) {
        return 0;
    }
    if (knobs_get()->huge_pages != 0) { /* a new mapping has not asked for them */
        os_want_huge_pages((void *)pages.start, (const char *)pages.end);
    }
    pages_vacate(pages.start, pages.end);
    return pages_vacant_bytes - before;
}

static void vacate_free_block(const struct block *block, size_t bytes, void *context)
{
    *(size_t *)context += heap_vacate(heap_free_block_pages(block, bytes));
}

size_t heap_vacate_free_blocks(void)
{
    size_t given_back = 0;
    bins_visit(&heap_bins, PAGE_BYTES, vacate_free_block, &given_back);
    return given_back;
}

size_t heap_trim_top(size_t pad_bytes)
{
    if (heap.locked || pad_bytes >= (size_t)(heap.touched - heap.top)) {
        return 0;
    }
    const uintptr_t keep = align_up((uintptr_t)heap.top + pad_bytes, PAGE_BYTES);
    const uintptr_t touched = (uintptr_t)heap.touched;
    /* The region may end inside a page, and the rest of that page be another's. */
    const uintptr_t own_end =
        align_down((uintptr_t)heap.end + sizeof(size_t), PAGE_BYTES);
    const uintptr_t end = smaller(align_up(touched, PAGE_BYTES), own_end);
    if (keep >= end || !give((struct page_range){keep, end})) {
        return 0;
    }
    if (touched > end) {
        memset((void *)end, 0, touched - end);
    }
    const size_t before = heap_resident_bytes();
    pages_occupy(keep, touched); /* it is untouched now, which is more */
    heap.touched_bytes -= (size_t)(heap.touched - (char *)keep);
    heap.touched = (char *)keep;
    if (heap.grows_sparingly) {
        heap_return_reserve();
    }
    return before - heap_resident_bytes();
}
