/* Where the heap's memory comes from: regions, opened, extended and closed. */
#include "heap/heap.h"

#include <string.h>

#include "base/knobs.h"
#include "base/os.h"

static_assert(sizeof(struct heap_region) % ALIGNMENT_BYTES == 8,
              "the first tag stands 8 bytes before a multiple of 16");

/* The share of the first region set aside for records of free blocks: one for each
 * 2 KiB. Untouched, it costs nothing; a heap with more free blocks takes another
 * table. */
#define RECORDS_SHARE 64

READ_MOSTLY uintptr_t object_secret;

/* Turn what is left of the current region into a free block and end it with a fence. */
static void region_close(void)
{
    struct block *const rest = (struct block *)(uintptr_t)heap.top;
    const size_t bytes = (size_t)(heap.end - heap.top);
    /* What was never touched counts as touched from now on, and as vacant unless it was
     * locked as it was reserved. */
    heap.touched_bytes += (size_t)(heap.end - heap.touched);
    if (!heap.locked) {
        pages_vacate(align_up((uintptr_t)heap.touched, PAGE_BYTES),
                     heap_free_block_pages(rest, bytes).end);
    }
    block_set_in_use((struct block *)(uintptr_t)heap.end, 0);
    heap.top = heap.end = heap.touched = NULL;
    if (bytes != 0) {
        block_set_in_use(rest, bytes);
    }
    if (bytes >= BLOCK_MIN_BYTES) { /* 16 bytes are too few for a block: lost */
        heap_free(rest);
    }
}

/* The newest region, and so the heap, ends here from now on. */
static void set_end(struct heap_region *region, const char *end)
{
    const size_t payloads =
        (size_t)(end - (char *)heap_region_first(region)) / ALIGNMENT_BYTES;
    __atomic_store_n(&region->payloads, payloads, __ATOMIC_RELAXED);
    heap.end = heap_region_end(region);
}

/* Start a region in fresh zeroed memory. */
static void region_open(char *memory, size_t bytes)
{
    char *const limit = memory + bytes;
    if (heap.regions != NULL) {
        region_close();
    } else {
        object_secret = os_random();
        char *const table =
            (char *)align_up((uintptr_t)memory, sizeof(struct free_record));
        const size_t table_bytes =
            align_down(bytes / RECORDS_SHARE, sizeof(struct free_record));
        bins_open(&heap_bins, table, table_bytes);
        memory = map_place(table + table_bytes, (size_t)(limit - table) - table_bytes);
    }
    struct heap_region *const region =
        (struct heap_region *)align_up((uintptr_t)memory, ALIGNMENT_BYTES);
    region->older = heap.regions;
    set_end(region,
            (char *)align_down((uintptr_t)limit, ALIGNMENT_BYTES) - sizeof(size_t));
    __atomic_store_n(&heap.regions, region, __ATOMIC_RELEASE);
    __atomic_store_n(&heap_newest, region, __ATOMIC_RELEASE);
    heap.touched = (char *)heap_region_first(region);
    heap_set_top(heap.touched);
    heap.region_bytes += (size_t)(limit - memory);
}

bool heap_return_reserve(void)
{
    if (heap.regions == NULL) {
        return false;
    }
    char *const region_end = heap.end + sizeof(size_t);
    const size_t end = (size_t)(heap.break_end != NULL ? heap.break_end : region_end);
    /* The fence's place is not touched. */
    const size_t keep =
        align_up((uintptr_t)heap.touched + 2 * ALIGNMENT_BYTES, PAGE_BYTES);
    const size_t bytes = keep < end ? align_down(end - keep, PAGE_BYTES) : 0;
    /* Pages at the end that were never touched, from brk or of a mapping. */
    if (bytes == 0) {
        return false;
    }
    set_end(heap.regions, heap.end - bytes); /* first: others read up to there */
    if (heap.break_end != NULL
            ? os_break_move(heap.break_end, -(ptrdiff_t)bytes) == NULL
            : !os_unmap(region_end - bytes, bytes)) {
        set_end(heap.regions, heap.end + bytes);
        return false;
    }
    if (heap.break_end != NULL) {
        heap.break_end -= bytes;
    }
    heap.region_bytes -= bytes;
    return true;
}

void *heap_map(size_t bytes)
{
    void *const pages = os_map(bytes);
    return pages != NULL || !heap_return_reserve() ? pages : os_map(bytes);
}

/* A region of its own needs a header, a fence and both ends aligned, the first one a
 * map besides. */
static size_t region_bytes_for(size_t bytes)
{
    const size_t need =
        align_up(bytes + sizeof(struct heap_region) + 3 * ALIGNMENT_BYTES, 64 * KIB);
    return heap.regions == NULL ? need + need / 16 : need;
}

static bool grows_sparingly(void)
{
    return heap.grows_sparingly || heap.locked;
}

/* As much as there is already, or a share of that. */
static size_t usual_growth(void)
{
    if (grows_sparingly()) {
        return heap.region_bytes / SPARING_GROWTH_SHARE;
    }
    return larger(heap.region_bytes, knobs_get()->preallocate_bytes);
}

/* Where the first region goes if the break cannot move at all: so far below the address
 * that the kernel chooses, since further mappings stand below earlier ones, and the map
 * reaches upwards only. */
#define ROOM_ABOVE_BYTES (64 * KIB * MIB)

/* A mapping for a region. What the kernel chooses may be out of the map's reach, so
 * that there would be no runs: then soon behind the last region, if there is room below
 * what the kernel chose. What is above belongs to libraries, and to the stack. */
static char *map_region(size_t bytes)
{
    char *const chosen = os_map(bytes);
    const uintptr_t from = heap.regions != NULL ? (uintptr_t)heap.end
                                                : (uintptr_t)chosen - ROOM_ABOVE_BYTES;
    if (chosen == NULL || (uintptr_t)chosen - from < KIB * MIB ||
        !os_unmap(chosen, bytes)) {
        return chosen;
    }
    char *near = NULL;
    for (size_t distance = MIB;
         near == NULL && from + distance + bytes <= (uintptr_t)chosen; distance *= 2) {
        near = os_map_at((char *)align_down(from + distance, MIB), bytes);
    }
    return near != NULL ? near : os_map(bytes);
}

/* By brk, else by a mapping. */
static bool grow_by(size_t bytes)
{
    char *memory = os_break_move(NULL, (ptrdiff_t)bytes);
    const bool by_break = memory != NULL;
    if (by_break) { /* others may have used a part of the page where the break stood */
        memset(memory, 0, align_up((uintptr_t)memory, PAGE_BYTES) - (uintptr_t)memory);
    } else {
        memory = map_region(bytes);
    }
    if (memory == NULL) {
        return false;
    }
    if (by_break && memory == heap.break_end) {
        set_end(heap.regions, heap.end + bytes);
        heap.region_bytes += bytes;
    } else {
        region_open(memory, bytes);
    }
    heap.break_end = by_break ? memory + bytes : NULL;
    map_cover(heap.end);
    if (knobs_get()->huge_pages != 0) {
        os_want_huge_pages(heap.regions, heap.end);
    }
    return true;
}

bool heap_grow(size_t bytes)
{
    const size_t need = region_bytes_for(bytes);
    if (usual_growth() > need && !grows_sparingly()) {
        if (grow_by(align_up(usual_growth() + heap.top_pad_bytes, PAGE_BYTES))) {
            return true;
        }
        heap.grows_sparingly = true;
    }
    const size_t most = larger(usual_growth(), need);
    return grow_by(align_up(most + heap.top_pad_bytes, PAGE_BYTES)) || grow_by(need);
}
