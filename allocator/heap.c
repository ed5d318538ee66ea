#include "heap.h"

#include <string.h>

#include "knobs.h"
#include "object.h"
#include "os.h"

struct heap heap = {
    .trim_threshold_bytes = TRIM_THRESHOLD_BYTES,
    .purge_look_at = PURGE_HEAP_BYTES / 2,
};

static struct block *region_first(const struct heap_region *region)
{
    return (struct block *)((uintptr_t)region + sizeof *region);
}

static_assert(sizeof(struct heap_region) % ALIGNMENT_BYTES == 8,
              "the first tag stands 8 bytes before a multiple of 16");

static void touch_to(char *end)
{
    if (end > heap.touched) {
        const size_t more = (size_t)(end - heap.touched);
        __atomic_store_n(&heap.touched_bytes, heap.touched_bytes + more,
                         __ATOMIC_RELAXED);
        heap.touched = end;
    }
}

/* Turn what is left of the current region into a free block and end it with a fence. */
static void region_close(void)
{
    if (heap.regions == NULL) {
        return;
    }
    struct block *rest = (struct block *)(uintptr_t)heap.top;
    struct block *const fence = (struct block *)(uintptr_t)heap.end;
    const size_t bytes = (size_t)(heap.end - heap.top);
    fence->tag = BLOCK_IN_USE | BLOCK_PREVIOUS_IN_USE;
    if (bytes >= BLOCK_MIN_BYTES) {
        block_mark_previous_free(fence);
        block_set_free(rest, bytes);
        bins_insert(&heap.bins, rest);
    } else if (bytes != 0) { /* 16 bytes are too few for a block: lost */
        block_set_in_use(rest, bytes);
    }
    heap.top = heap.end = heap.touched = NULL;
}

/* Start a region in fresh zeroed memory. */
static void region_open(char *memory, size_t bytes)
{
    region_close();
    if (heap.regions == NULL) {
        object_choose_secret();
        char *const place = map_place(memory, bytes);
        bytes -= (size_t)(place - memory);
        memory = place;
    }
    char *const start = (char *)align_up((uintptr_t)memory, ALIGNMENT_BYTES);
    char *const end = (char *)align_down((uintptr_t)memory + bytes, ALIGNMENT_BYTES);
    struct heap_region *const region = (struct heap_region *)(uintptr_t)start;
    region->older = heap.regions;
    region->end = end - sizeof(size_t);
    heap.regions = region;
    heap.top = (char *)region_first(region);
    heap.touched = heap.top;
    heap.end = region->end;
    __atomic_store_n(&heap.region_bytes, heap.region_bytes + bytes, __ATOMIC_RELAXED);
    if (heap.lowest == NULL || start < heap.lowest) {
        __atomic_store_n(&heap.lowest, start, __ATOMIC_RELAXED);
    }
    if (end > heap.highest) {
        __atomic_store_n(&heap.highest, end, __ATOMIC_RELAXED);
    }
    heap.reclaim_at = heap.top;
    map_cover(end);
}

/* Extend the current region: brk went on where it had ended. */
static void region_extend(size_t bytes)
{
    heap.end += bytes;
    heap.regions->end = heap.end;
    __atomic_store_n(&heap.region_bytes, heap.region_bytes + bytes, __ATOMIC_RELAXED);
    if (heap.end > heap.highest) {
        __atomic_store_n(&heap.highest, heap.end, __ATOMIC_RELAXED);
    }
    map_cover(heap.end);
}

static bool grow_by_break(size_t bytes)
{
    char *const memory = os_break_extend(bytes);
    if (memory == NULL) {
        return false;
    }
    /* Others may have used, and given back, part of the page where the break stood. */
    memset(memory, 0, align_up((uintptr_t)memory, PAGE_BYTES) - (uintptr_t)memory);
    if (heap.break_end != NULL && memory == heap.break_end) {
        region_extend(bytes);
    } else {
        region_open(memory, bytes);
    }
    heap.break_end = memory + bytes;
    return true;
}

static bool grow_by_map(size_t bytes)
{
    char *const memory = os_map(bytes);
    if (memory == NULL) {
        return false;
    }
    region_open(memory, bytes);
    heap.break_end = NULL;
    return true;
}

/* Make the top at least `bytes` long. Asks for as much as there is already, and for
 * less and less down to the need where the system refuses. */
static COLD_CODE bool heap_grow(size_t bytes)
{
    /* A region of its own needs a header, a fence and both ends aligned. */
    size_t need =
        align_up(bytes + sizeof(struct heap_region) + 3 * ALIGNMENT_BYTES, 64 * KIB);
    if (heap.regions == NULL) { /* and the first one the map */
        need += need / 16;
    }
    const struct knobs *const knobs = knobs_get();
    size_t want = align_up(knobs->preallocate_bytes, PAGE_BYTES);
    if (want < heap.region_bytes) {
        want = heap.region_bytes;
    }
    if (want < need + heap.top_pad_bytes) {
        want = align_up(need + heap.top_pad_bytes, PAGE_BYTES);
    }
    for (;;) {
        if (grow_by_break(want) || grow_by_map(want)) {
            if (knobs->huge_pages != 0) {
                os_want_huge_pages(heap.regions, heap.end);
            }
            return true;
        }
        if (want == need) {
            return false;
        }
        want = want / 2 > need ? align_up(want / 2, PAGE_BYTES) : need;
    }
}

/* The top is about to rise beyond what has been touched, or beyond the region: first
 * take back what lies unused in caches, if it is worth it. */
static COLD_CODE bool reclaim_for(size_t bytes)
{
    const bool must_grow = heap.top + bytes > heap.end;
    heap.reclaim_at = heap.top + bytes + RECLAIM_STEP_BYTES;
    return heap.reclaim != NULL &&
           heap.reclaim(
               must_grow ? 1 : heap.touched_bytes / RECLAIM_SHARE + RECLAIM_STEP_BYTES);
}

static ALWAYS_INLINE bool is_reclaim_due(size_t bytes)
{
    /* Without a heap the top is NULL, to which C lets nobody add. */
    char *const risen = (char *)((uintptr_t)heap.top + bytes);
    return heap.regions != NULL &&
           ((risen > heap.touched && risen > heap.reclaim_at) || risen > heap.end);
}

static struct block *allocate_from_top(size_t bytes)
{
    if (UNLIKELY(bytes > (size_t)(heap.end - heap.top)) && !heap_grow(bytes)) {
        return NULL;
    }
    struct block *const block = (struct block *)(uintptr_t)heap.top;
    heap.top += bytes;
    heap.dirty_end = heap.touched;
    touch_to(heap.top);
    block_set_in_use(block, bytes);
    return block;
}

/* Cut a free block, already out of its bin, down to `bytes`; the rest is binned. */
static void take_part(struct block *block, size_t bytes)
{
    const size_t size = block_size(block);
    const size_t rest_bytes = size - bytes;
    if (rest_bytes < BLOCK_MIN_BYTES) {
        block_mark_previous_in_use(block_at(block, size));
        block_set_in_use(block, size);
        return;
    }
    struct block *const rest = block_at(block, bytes);
    block_set_free(rest, rest_bytes);
    bins_insert(&heap.bins, rest);
    block_set_in_use(block, bytes);
}

struct block *heap_allocate(size_t bytes)
{
    struct block *block = bins_take_best(&heap.bins, bytes);
    if (block == NULL && UNLIKELY(is_reclaim_due(bytes)) && reclaim_for(bytes)) {
        block = bins_take_best(&heap.bins, bytes);
    }
    if (block == NULL) {
        return allocate_from_top(bytes);
    }
    take_part(block, bytes);
    heap.dirty_end = heap.highest;
    return block;
}

static void heap_shrink(struct block *block, size_t bytes);

/* Bytes to skip at `block` so that a payload behind them is aligned: none, or a block.
 */
static size_t gap_before_aligned(const struct block *block, size_t alignment)
{
    const uintptr_t payload = (uintptr_t)block + BLOCK_HEADER_BYTES;
    size_t gap = align_up(payload, alignment) - payload;
    if (gap != 0 && gap < BLOCK_MIN_BYTES) {
        gap += alignment;
    }
    return gap;
}

/* Make the first `gap` bytes of a block in use a free block. */
static struct block *cut_front(struct block *front, size_t gap)
{
    if (gap == 0) {
        return front;
    }
    struct block *const block = block_at(front, gap);
    block_set_in_use(block, block_size(front) - gap);
    block_resize(front, gap);
    heap_free(front);
    return block;
}

/* The best fit if it happens to hold an aligned payload of `bytes`, as the place of an
 * earlier aligned block does; else one that is large enough in any case. */
static struct block *take_best_aligned(size_t bytes, size_t alignment)
{
    struct block *const best = bins_take_best(&heap.bins, bytes);
    if (best == NULL ||
        block_size(best) >= gap_before_aligned(best, alignment) + bytes) {
        return best;
    }
    bins_insert(&heap.bins, best);
    return bins_take_best(&heap.bins, bytes + alignment + ALIGNMENT_BYTES);
}

struct block *heap_allocate_aligned(size_t bytes, size_t alignment)
{
    struct block *block = take_best_aligned(bytes, alignment);
    const size_t most = bytes + alignment + ALIGNMENT_BYTES;
    if (block == NULL && UNLIKELY(is_reclaim_due(most)) && reclaim_for(most)) {
        block = take_best_aligned(bytes, alignment);
    }
    if (block != NULL) {
        heap.dirty_end = heap.highest;
        take_part(block, block_size(block));
        block = cut_front(block, gap_before_aligned(block, alignment));
        heap_shrink(block, bytes);
        return block;
    }
    if (most > (size_t)(heap.end - heap.top) && !heap_grow(most)) {
        return NULL;
    }
    const struct block *const top = (const struct block *)(uintptr_t)heap.top;
    const size_t gap = gap_before_aligned(top, alignment);
    return cut_front(allocate_from_top(gap + bytes), gap);
}

bool heap_has_room(size_t bytes)
{
    const size_t most = bytes + GRANULE_BYTES + ALIGNMENT_BYTES;
    if (bins_have(&heap.bins, bytes) || heap.top + most <= heap.touched) {
        return true;
    }
    return is_reclaim_due(most) && reclaim_for(most) && bins_have(&heap.bins, bytes);
}

void heap_free(struct block *block)
{
    size_t bytes = block_size(block);
    struct block *next = block_at(block, bytes);
    if (!block_is_previous_in_use(block)) {
        struct block *const previous = block_previous(block);
        REQUIRE(!block_is_in_use(previous) &&
                    block_size(previous) == (uintptr_t)block - (uintptr_t)previous,
                "corrupted block before", block_payload(block));
        bins_remove(&heap.bins, previous);
        bytes += block_size(previous);
        block->tag = 0; /* so that a second free is noticed */
        block = previous;
    }
    if ((char *)next == heap.top) {
        block->tag = 0;
        heap.top = (char *)block;
        if (UNLIKELY((size_t)(heap.touched - heap.top) > heap.trim_threshold_bytes)) {
            heap_consider_trim();
        }
        return;
    }
    if (block_is_in_use(next)) {
        block_mark_previous_free(next);
    } else {
        bins_remove(&heap.bins, next);
        bytes += block_size(next);
    }
    block_set_free(block, bytes);
    bins_insert(&heap.bins, block);
}

/* Give the end of a block in use back as a block of its own. */
static void heap_shrink(struct block *block, size_t bytes)
{
    const size_t rest_bytes = block_size(block) - bytes;
    if (rest_bytes < BLOCK_MIN_BYTES) {
        return;
    }
    struct block *const rest = block_at(block, bytes);
    block_resize(block, bytes);
    block_set_in_use(rest, rest_bytes);
    heap_free(rest);
}

bool heap_resize(struct block *block, size_t bytes)
{
    const size_t size = block_size(block);
    if (bytes <= size) {
        heap_shrink(block, bytes);
        return true;
    }
    struct block *const next = block_next(block);
    if ((char *)next == heap.top) {
        const size_t more = bytes - size;
        const struct heap_region *const region = heap.regions;
        if (more > (size_t)(heap.end - heap.top) &&
            (!heap_grow(more) || heap.regions != region)) {
            return false;
        }
        heap.top += more;
        touch_to(heap.top);
        block_resize(block, bytes);
        return true;
    }
    if (block_is_in_use(next) || size + block_size(next) < bytes) {
        return false;
    }
    bins_remove(&heap.bins, next);
    const size_t whole = size + block_size(next);
    block_mark_previous_in_use(block_at(block, whole));
    block_resize(block, whole);
    heap_shrink(block, bytes);
    return true;
}

size_t heap_dirty_bytes(struct block *block)
{
    const uintptr_t payload = (uintptr_t)block_payload(block);
    const uintptr_t dirty_end = (uintptr_t)heap.dirty_end;
    if (payload >= dirty_end) {
        return 0;
    }
    const size_t bytes = block_payload_bytes(block);
    return dirty_end - payload < bytes ? (size_t)(dirty_end - payload) : bytes;
}

/* Where the blocks end of the region that an address is in; 0 if it is in none. */
static uintptr_t region_limit(uintptr_t address)
{
    const struct heap_region *region = heap.regions;
    if (LIKELY(address >= (uintptr_t)region_first(region) &&
               address < (uintptr_t)heap.top)) {
        return (uintptr_t)heap.top;
    }
    for (region = region->older; region != NULL; region = region->older) {
        if (address >= (uintptr_t)region_first(region) &&
            address < (uintptr_t)region->end) {
            return (uintptr_t)region->end;
        }
    }
    return 0;
}

bool heap_owns(const void *payload)
{
    if (!heap_spans(payload)) {
        return false;
    }
    const struct block *const block = block_from_payload(payload);
    const uintptr_t limit = region_limit((uintptr_t)block);
    if (limit == 0) {
        return false;
    }
    const size_t bytes = block_size(block);
    if (bytes < BLOCK_MIN_BYTES || bytes > limit - (uintptr_t)block) {
        return false;
    }
    const struct block *const next = block_next(block);
    return (char *)(uintptr_t)next == heap.top ||
           block_is_previous_in_use(next) == block_is_in_use(block);
}
