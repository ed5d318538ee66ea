/* Giving memory back: the touched part of the top, and pages inside free blocks. */
#include "heap/heap.h"

#include <string.h>

#include "base/knobs.h"
#include "base/os.h"

static size_t vacate(struct page_range pages, bool (*give)(void *pages, size_t bytes))
{
    const size_t before = pages_vacant_bytes;
    if (heap.locked || pages.start >= pages.end ||
        pages_vacant_within(pages.start, pages.end) == pages.end - pages.start ||
        !give((void *)pages.start, pages.end - pages.start)) {
        return 0;
    }
    if (knobs_get()->huge_pages != 0) { /* the new mapping has not asked for them */
        os_want_huge_pages((void *)pages.start, (const char *)pages.end);
    }
    pages_vacate(pages.start, pages.end);
    return pages_vacant_bytes - before;
}

size_t heap_vacate(struct page_range pages)
{
    return vacate(pages, os_purge);
}

/* In memory that came from a parent a new mapping never merges with what stands around
 * it: after some 30,000 of them the process could have no more (vm.max_map_count). */
static bool give_inherited(void *pages, size_t bytes)
{
    return os_discard(pages, bytes) || os_purge(pages, bytes);
}

static void vacate_free_block(const struct block *block, size_t bytes, void *context)
{
    *(size_t *)context += vacate(heap_free_block_pages(block, bytes),
                                 heap.inherited ? give_inherited : os_purge);
}

size_t heap_vacate_free_blocks(void)
{
    size_t given_back = 0;
    bins_visit(&heap_bins, vacate_free_block, &given_back);
    return given_back;
}

size_t heap_trim_top(size_t pad_bytes)
{
    if (heap.locked || pad_bytes >= (size_t)(heap.touched - heap.top)) {
        return 0;
    }
    const uintptr_t keep = align_up((uintptr_t)heap.top + pad_bytes, PAGE_BYTES);
    const uintptr_t touched = (uintptr_t)heap.touched;
    uintptr_t end = align_up(touched, PAGE_BYTES);
    /* The region may end inside a page, and the rest of that page be another's. */
    const uintptr_t own_end =
        align_down((uintptr_t)heap.end + sizeof(size_t), PAGE_BYTES);
    if (end > own_end) {
        end = own_end;
    }
    if (keep >= end || !os_purge((void *)keep, end - keep)) {
        return 0;
    }
    if (touched > end) {
        memset((void *)end, 0, touched - end);
    }
    const size_t before = heap_resident_bytes();
    pages_occupy(keep, touched); /* it is untouched now, which is more */
    heap.touched_bytes -= (size_t)(heap.touched - (char *)keep);
    heap.touched = (char *)keep;
    return before - heap_resident_bytes();
}
