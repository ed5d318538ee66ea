#include "heap.h"

struct bins heap_bins;
struct heap heap = {
    .trim_threshold_bytes = TRIM_THRESHOLD_BYTES,
    .purge_look_at = PURGE_HEAP_BYTES / 2,
};

__thread size_t heap_kept_bytes;

static void touch_to(char *end)
{
    if (end > heap.touched) {
        const size_t more = (size_t)(end - heap.touched);
        __atomic_store_n(&heap.touched_bytes, heap.touched_bytes + more,
                         __ATOMIC_RELAXED);
        heap.touched = end;
    }
}

void heap_set_top(char *top)
{
    heap.top = top;
    block_set_top((struct block *)(uintptr_t)top);
    touch_to(top + BLOCK_HEADER_BYTES);
}

/* The top is about to rise beyond what has been touched, or beyond the region: first
 * take back what lies unused in caches, if it is worth it. */
static COLD_CODE bool reclaim_for(size_t bytes)
{
    const bool must_grow = heap.top + bytes > heap.end;
    heap.reclaim_at = heap.top + bytes + RECLAIM_STEP_BYTES;
    heap_purge_for_growth(bytes + RECLAIM_STEP_BYTES);
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
    heap.dirty_end = heap.touched;
    heap_set_top(heap.top + bytes);
    block_set_in_use(block, bytes);
    return block;
}

/* Take the first `bytes` of a hole, or all of it if the rest is smaller than
 * least_rest. Returns the bytes taken. */
static ALWAYS_INLINE size_t take_front(uint32_t hole, size_t bytes, size_t least_rest)
{
    const size_t size = bins_bytes(&heap_bins, hole);
    if (size - bytes < least_rest) {
        bins_drop(&heap_bins, hole);
        return size;
    }
    struct block *const rest = block_at(bins_block(&heap_bins, hole), bytes);
    bins_change(&heap_bins, hole, rest, size - bytes);
    block_set_free(rest, hole); /* the footer stands already */
    return bytes;
}

/* Whether to coalesce what the thread keeps before this hole is used: it is too large
 * to be broken lightly, and what is kept is worth the work. */
static ALWAYS_INLINE bool should_reclaim_kept(uint32_t hole, size_t bytes)
{
    return bins_bytes(&heap_bins, hole) > bytes + bytes / 2 + KEPT_SPLIT_BYTES &&
           heap_kept_bytes > heap.touched_bytes / KEPT_SHARE + KEPT_MIN_BYTES;
}

/* The best fit; 0: none, and nothing is kept any more. */
static ALWAYS_INLINE uint32_t best_hole(size_t bytes)
{
    uint32_t hole = bins_best(&heap_bins, bytes);
    if (heap_kept_bytes != 0 && (hole == 0 || should_reclaim_kept(hole, bytes)) &&
        heap.reclaim_kept()) {
        hole = bins_best(&heap_bins, bytes);
    }
    return hole;
}

struct block *heap_allocate(size_t bytes)
{
    uint32_t hole = best_hole(bytes);
    if (hole == 0 && UNLIKELY(is_reclaim_due(bytes)) && reclaim_for(bytes)) {
        hole = bins_best(&heap_bins, bytes);
    }
    if (hole == 0) {
        return allocate_from_top(bytes);
    }
    struct block *const block = bins_block(&heap_bins, hole);
    block_set_in_use(block, take_front(hole, bytes, block_least_rest(bytes)));
    heap.dirty_end = (char *)UINTPTR_MAX;
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
    block_set_in_use(front, gap);
    heap_free(front);
    return block;
}

/* The best fit if it happens to hold an aligned payload of `bytes`, as the place of an
 * earlier aligned block does; else one that is large enough in any case. */
static uint32_t best_aligned(size_t bytes, size_t alignment)
{
    const uint32_t best = bins_best(&heap_bins, bytes);
    if (best == 0 ||
        bins_bytes(&heap_bins, best) >=
            gap_before_aligned(bins_block(&heap_bins, best), alignment) + bytes) {
        return best;
    }
    return bins_best(&heap_bins, bytes + alignment + ALIGNMENT_BYTES);
}

struct block *heap_allocate_aligned(size_t bytes, size_t alignment)
{
    uint32_t hole = best_aligned(bytes, alignment);
    const size_t most = bytes + alignment + ALIGNMENT_BYTES;
    if (hole == 0 && UNLIKELY(is_reclaim_due(most)) && reclaim_for(most)) {
        hole = best_aligned(bytes, alignment);
    }
    if (hole != 0) {
        heap.dirty_end = (char *)UINTPTR_MAX;
        struct block *block = bins_block(&heap_bins, hole);
        const size_t gap = gap_before_aligned(block, alignment);
        block_set_in_use(block, take_front(hole, gap + bytes, block_least_rest(bytes)));
        return cut_front(block, gap);
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
    if (bins_best(&heap_bins, bytes) != 0 || heap.top + most <= heap.touched) {
        return true;
    }
    return is_reclaim_due(most) && reclaim_for(most) &&
           bins_best(&heap_bins, bytes) != 0;
}

/* The block becomes part of the top. */
static void merge_with_top(struct block *block, uint32_t before)
{
    struct block *top = block;
    if (before != 0) {
        top = bins_block(&heap_bins, before);
        bins_drop(&heap_bins, before);
        block_set_gone(block);
    }
    heap_set_top((char *)top);
    if (UNLIKELY((size_t)(heap.touched - heap.top) > heap.trim_threshold_bytes)) {
        heap_consider_trim();
    }
}

/* There was no memory for a record: later frees try again. */
static COLD_CODE void strand(struct block *block)
{
    *(struct block **)block_payload(block) = heap.stranded;
    heap.stranded = block;
}

/* Merge the block with what is free on both sides into one hole, whatever is there. */
static ALWAYS_INLINE void coalesce(struct block *block)
{
    const struct bins *const bins = &heap_bins;
    const size_t bytes = block_size(block);
    struct block *const next = block_at(block, bytes);
    const uint32_t before = bins_hole_before(bins, block);
    REQUIRE(block_is_sound(next), "corrupted block after", block_payload(block));
    if ((char *)next == heap.top) {
        merge_with_top(block, before);
        return;
    }
    const uint32_t after = block_is_in_use(next) ? 0 : block_hole(next);
    REQUIRE(after == 0 || bins_begins_at(bins, after, next), "corrupted block after",
            block_payload(block));
    const size_t bytes_before = bins_bytes(bins, before);
    const size_t whole = bytes_before + bytes + bins_bytes(bins, after);
    struct block *const start = (struct block *)((uintptr_t)block - bytes_before);
    const uint32_t hole = bins_merge(&heap_bins, before, after, start, whole);
    if (UNLIKELY(hole == 0)) {
        strand(block);
        return;
    }
    block_set_gone(after != 0 ? next : block);
    const size_t tag = block_tag(block, block_free_bits(hole));
    /* A hole before the block has its tag already. */
    block->tag = before != 0 ? BLOCK_FREE : tag;
    *block_word_before(block_at(start, whole)) = hole;
}

static COLD_CODE void coalesce_stranded(void)
{
    while (heap.stranded != NULL && heap_bins.spare != 0) {
        struct block *const stranded = heap.stranded;
        heap.stranded = *(struct block **)block_payload(stranded);
        coalesce(stranded);
    }
}

void heap_free(struct block *block)
{
    coalesce(block);
    if (UNLIKELY(heap.stranded != NULL)) {
        coalesce_stranded();
    }
}

/* Give the end of a block in use back as a block of its own. */
static void heap_shrink(struct block *block, size_t bytes)
{
    const size_t rest_bytes = block_size(block) - bytes;
    if (rest_bytes < block_least_rest(bytes)) {
        return;
    }
    struct block *const rest = block_at(block, bytes);
    block_set_in_use(block, bytes);
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
    struct block *const next = block_at(block, size);
    const size_t more = bytes - size;
    REQUIRE(block_is_sound(next), "corrupted block after", block_payload(block));
    if ((char *)next == heap.top) {
        const struct heap_region *const region = heap.regions;
        if (more > (size_t)(heap.end - heap.top) &&
            (!heap_grow(more) || heap.regions != region)) {
            return false;
        }
        heap_set_top(heap.top + more);
        block_set_in_use(block, bytes);
        return true;
    }
    if (block_is_in_use(next)) {
        return false;
    }
    const uint32_t after = block_hole(next);
    REQUIRE(bins_begins_at(&heap_bins, after, next), "corrupted block after",
            block_payload(block));
    if (bins_bytes(&heap_bins, after) < more) {
        return false;
    }
    block_set_in_use(block, size + take_front(after, more, block_least_rest(bytes)));
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
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        const char *const limit = r == heap.regions ? heap.top : r->end;
        if (address >= (uintptr_t)heap_region_first(r) && address < (uintptr_t)limit) {
            return (uintptr_t)limit;
        }
    }
    return 0;
}

bool heap_owns(const void *payload)
{
    const struct block *const block = block_from_payload(payload);
    const uintptr_t limit = region_limit((uintptr_t)block);
    return (uintptr_t)payload % ALIGNMENT_BYTES == 0 && limit != 0 &&
           (block_is_sound(block) || block_is_gone(block)) &&
           (!block_is_in_use(block) || block_size(block) - BLOCK_MIN_BYTES <=
                                           limit - (uintptr_t)block - BLOCK_MIN_BYTES);
}
