#include "heap/heap.h"

#include <string.h>

struct bins heap_bins;
static struct heap_region no_region;
struct heap heap;
READ_MOSTLY struct heap_region *heap_newest = &no_region;

void heap_set_top(char *top)
{
    char *const end = top + BLOCK_HEADER_BYTES;
    heap.top = top;
    block_set_free((struct block *)(uintptr_t)top, 0);
    if (end > heap.touched) {
        heap.touched_bytes += (size_t)(end - heap.touched);
        heap.touched = end;
    }
}

/* Whether so many bytes more may become resident. */
static bool is_granted(size_t bytes)
{
    return bytes == 0 || heap_resident_bytes() + bytes <= heap.limit_bytes;
}

/* Whether the top has `bytes` to give. Without a heap it is NULL, to which C lets
 * nobody add. */
static bool top_has(size_t bytes)
{
    const uintptr_t risen = (uintptr_t)heap.top + bytes;
    const uintptr_t touched = (uintptr_t)heap.touched;
    const bool reaches = risen <= (uintptr_t)heap.end;
    size_t rise = risen > touched ? risen - touched : 0;
    if (UNLIKELY(pages_vacant_bytes != 0) && reaches) {
        rise += pages_vacant_within((uintptr_t)heap.top, risen + BLOCK_HEADER_BYTES);
    }
    if (LIKELY(reaches && is_granted(rise))) {
        return true;
    }
    heap.wanted_bytes = bytes;
    return false;
}

/* What begins at `start`, and the tag behind it, will be written. */
static COLD_CODE void occupy(uintptr_t start, size_t bytes)
{
    heap.clean = pages_occupy(start, start + bytes + BLOCK_HEADER_BYTES);
}

/* Make the top begin `bytes` later: it has them. Its tag is written anew, so what an
 * overflow has left there is noticed now or never, and calloc takes what lies behind
 * for memory that nobody has written to. */
static void raise_top(size_t bytes)
{
    REQUIRE(heap_top_is_sound(), "overflow of the block that ends before", heap.top);
    if (UNLIKELY(pages_vacant_bytes != 0)) {
        occupy((uintptr_t)heap.top, bytes);
    }
    heap.clean = (struct page_range){(uintptr_t)heap.touched, UINTPTR_MAX};
    heap_set_top(heap.top + bytes);
}

static struct block *take_from_top(size_t bytes)
{
    struct block *const block = (struct block *)(uintptr_t)heap.top;
    raise_top(bytes);
    block_set_in_use(block, bytes);
    return block;
}

/* How much of a free block is used for `bytes`: all, if the rest would be smaller than
 * least_rest. */
static ALWAYS_INLINE size_t used_of(uint32_t record, size_t bytes, size_t least_rest)
{
    const size_t size = bins_bytes(&heap_bins, record);
    return size - bytes < least_rest ? size : bytes;
}

/* Whether a free block may have vacant pages. */
static ALWAYS_INLINE bool may_be_vacant(uint32_t record)
{
    return UNLIKELY(pages_vacant_bytes != 0) &&
           bins_bytes(&heap_bins, record) >= PAGE_BYTES;
}

/* How many bytes more are resident once a free block is used from `offset` to `end`:
 * there, and where the tag behind it will be. */
static ALWAYS_INLINE size_t rise_in_free(uint32_t record, size_t offset, size_t end)
{
    if (!may_be_vacant(record)) {
        return 0;
    }
    const uintptr_t start = (uintptr_t)bins_block(&heap_bins, record);
    return pages_vacant_within(start + offset, start + end + BLOCK_HEADER_BYTES);
}

/* Take the first bytes of a free block, or all of it. */
static ALWAYS_INLINE void take_front(uint32_t record, size_t bytes)
{
    const size_t size = bins_bytes(&heap_bins, record);
    if (size == bytes) {
        bins_drop(&heap_bins, record);
        return;
    }
    struct block *const rest = block_at(bins_block(&heap_bins, record), bytes);
    block_set_free(rest, record); /* the footer stands already */
    bins_change(&heap_bins, record, rest, size - bytes);
}

/* A block of a free block's first bytes. */
static ALWAYS_INLINE struct block *take_first(uint32_t record, size_t bytes)
{
    struct block *const block = bins_block(&heap_bins, record);
    heap.clean = (struct page_range){UINTPTR_MAX, UINTPTR_MAX};
    block_set_in_use(block, bytes);
    take_front(record, bytes);
    return block;
}

/* Whether what the thread keeps should coalesce before this free block is used, if any,
 * or the top: it is too large to be broken lightly, and what is kept is worth the work.
 */
static ALWAYS_INLINE bool wants_coalescing(uint32_t record, size_t bytes)
{
    return heap.cached_bytes > heap.touched_bytes / COALESCE_SHARE + PAGE_BYTES &&
           (record == 0 ||
            bins_bytes(&heap_bins, record) > bytes + bytes / 2 + 2 * BLOCK_MIN_BYTES);
}

/* A block of a free block's first bytes, of which those behind `gap` are asked for;
 * NULL: more would be resident than may be. */
static ALWAYS_INLINE struct block *take_from_free(uint32_t record, size_t gap,
                                                  size_t bytes)
{
    struct block *const block = bins_block(&heap_bins, record);
    const size_t used = used_of(record, gap + bytes, block_least_rest(bytes));
    const size_t rise = rise_in_free(record, gap, used);
    if (UNLIKELY(!is_granted(rise))) {
        heap.wanted_bytes = used;
        return NULL;
    }
    take_first(record, used);
    if (UNLIKELY(rise != 0)) {
        occupy((uintptr_t)block + gap, used - gap);
    }
    return block;
}

/* What heap_allocate does where pages are vacant, or the best fit is none (0), or one
 * that perhaps should stay whole. */
static NO_INLINE struct block *allocate_with_care(uint32_t record, size_t bytes)
{
    if (wants_coalescing(record, bytes)) {
        heap.wanted_bytes = HEAP_WANTS_COALESCED;
        return NULL;
    }
    if (record != 0) {
        return take_from_free(record, 0, bytes);
    }
    return top_has(bytes) ? take_from_top(bytes) : NULL;
}

struct block *heap_allocate(size_t bytes)
{
    const uint32_t record = bins_best(&heap_bins, bytes);
    if (UNLIKELY(record == 0) || may_be_vacant(record) ||
        UNLIKELY(wants_coalescing(record, bytes))) {
        return allocate_with_care(record, bytes);
    }
    return take_first(record, used_of(record, bytes, block_least_rest(bytes)));
}

/* Bytes to skip at `block` so that a payload behind them is as far from a multiple of
 * alignment as `like`: none, or a block. */
static size_t gap_before(const struct block *block, size_t alignment, const void *like)
{
    const uintptr_t payload = (uintptr_t)block + BLOCK_HEADER_BYTES;
    const size_t gap = ((uintptr_t)like - payload) & (alignment - 1);
    return gap != 0 && gap < BLOCK_MIN_BYTES ? gap + alignment : gap;
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
            gap_before(bins_block(&heap_bins, best), alignment, NULL) + bytes) {
        return best;
    }
    return bins_best(&heap_bins, bytes + alignment + ALIGNMENT_BYTES);
}

/* The best fit for twice as much, so that the block can grow in place when it grows
 * again; else the best fit. */
static uint32_t best_with_room(size_t bytes)
{
    const uint32_t roomy = bins_best(&heap_bins, 2 * bytes);
    return roomy != 0 ? roomy : bins_best(&heap_bins, bytes);
}

struct block *heap_allocate_aligned(size_t bytes, size_t alignment, const void *like)
{
    const size_t most = bytes + alignment + ALIGNMENT_BYTES; /* with the largest gap */
    const uint32_t record =
        like != NULL ? best_with_room(most) : best_aligned(bytes, alignment);
    if (like != NULL && wants_coalescing(record, most)) {
        heap.wanted_bytes = HEAP_WANTS_COALESCED;
        return NULL;
    }
    const struct block *const place = record != 0
                                          ? bins_block(&heap_bins, record)
                                          : (const struct block *)(uintptr_t)heap.top;
    const size_t gap = gap_before(place, alignment, like);
    struct block *block = NULL;
    if (record != 0) {
        block = take_from_free(record, gap, bytes);
    } else if (top_has(most)) {
        block = take_from_top(gap + bytes);
    }
    return block != NULL ? cut_front(block, gap) : NULL;
}

bool heap_has_room(size_t bytes)
{
    const size_t most = bytes + GRANULE_BYTES + ALIGNMENT_BYTES;
    return best_aligned(bytes, GRANULE_BYTES) != 0 || heap.top + most <= heap.touched;
}

/* The block becomes part of the top. */
static NO_INLINE void merge_with_top(struct block *block, uint32_t before)
{
    struct block *top = block;
    if (before != 0) {
        top = bins_block(&heap_bins, before);
        bins_drop(&heap_bins, before);
        block_invalidate(block);
    }
    heap_set_top((char *)top);
}

/* The block becomes a free block of its own. */
static NO_INLINE void free_alone(struct block *block, size_t bytes)
{
    const uint32_t record = bins_add(&heap_bins, block, bytes);
    if (UNLIKELY(record == 0)) {
        /* There was no memory for one: later frees try again. */
        *(struct block **)block_payload(block) = heap.deferred_free;
        heap.deferred_free = block;
        return;
    }
    block_set_free(block, record);
    *block_word_before(block_at(block, bytes)) = record;
}

/* A block of so many bytes between two free ones, and the second, become part of the
 * first. */
static NO_INLINE void merge_both(uint32_t before, uint32_t after, size_t bytes)
{
    struct bins *const bins = &heap_bins;
    struct block *const start = bins_block(bins, before);
    const size_t whole = bins_bytes(bins, before) + bytes + bins_bytes(bins, after);
    bins_drop(bins, after);
    *block_word_before(block_at(start, whole)) = before;
    bins_change(bins, before, start, whole);
}

/* Merge the block with what is free on both sides into one free block, whatever is
 * there. */
static NO_INLINE void coalesce(struct block *block)
{
    struct bins *const bins = &heap_bins;
    const size_t bytes = block_size(block);
    struct block *const next = block_at(block, bytes);
    const uint32_t before = bins_free_before(bins, block);
    REQUIRE(block_checksum_is_right(next), "corrupted block after",
            block_payload(block));
    if (UNLIKELY((char *)next == heap.top)) {
        merge_with_top(block, before);
        return;
    }
    if (block_is_in_use(next)) {
        if (before == 0) {
            free_alone(block, bytes);
            return;
        }
        block_invalidate(block);
        *block_word_before(next) = before;
        bins_change(bins, before, bins_block(bins, before),
                    bins_bytes(bins, before) + bytes);
        return;
    }
    const uint32_t after = block_record(next);
    REQUIRE(bins_begins_at(bins, after, next), "corrupted block after",
            block_payload(block));
    block_invalidate(next);
    if (before != 0) {
        block_invalidate(block);
        merge_both(before, after, bytes);
        return;
    }
    block_set_free(block, after); /* the footer stands already */
    bins_change(bins, after, block, bytes + bins_bytes(bins, after));
}

/* Blocks that no record could be had for wait for one. */
static COLD_CODE void coalesce_deferred(struct block *block)
{
    coalesce(block);
    while (heap.deferred_free != NULL && heap_bins.spare != 0) {
        struct block *const deferred = heap.deferred_free;
        heap.deferred_free = *(struct block **)block_payload(deferred);
        coalesce(deferred);
    }
}

void heap_free(struct block *block)
{
    if (UNLIKELY(heap.deferred_free != NULL)) {
        coalesce_deferred(block);
    } else {
        coalesce(block);
    }
}

void heap_shrink(struct block *block, size_t bytes)
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

/* Beyond what was touched nothing is taken that is not needed yet. */
static bool extend_into_top(struct block *block, size_t least, size_t wanted)
{
    const struct heap_region *const region = heap.regions;
    if (least > (size_t)(heap.end - heap.top) &&
        (!heap_grow(least) || heap.regions != region)) {
        return false;
    }
    const size_t touched = (size_t)(heap.touched - heap.top);
    const size_t room = align_down(touched, ALIGNMENT_BYTES);
    const size_t more = larger(least, smaller(wanted, room));
    const size_t bytes = block_size(block) + more;
    raise_top(more);
    block_set_in_use(block, bytes);
    return true;
}

bool heap_extend(struct block *block, size_t bytes)
{
    const size_t size = block_size(block);
    struct block *const next = block_at(block, size);
    REQUIRE(block_checksum_is_right(next), "corrupted block after",
            block_payload(block));
    const size_t least = bytes - size;
    const size_t wanted = least + block_slack(bytes);
    if ((char *)next == heap.top) {
        return extend_into_top(block, least, wanted);
    }
    if (block_is_in_use(next)) {
        return false;
    }
    const uint32_t after = block_record(next);
    REQUIRE(bins_begins_at(&heap_bins, after, next), "corrupted block after",
            block_payload(block));
    const size_t room = bins_bytes(&heap_bins, after);
    if (room < least) {
        return false;
    }
    const size_t more = used_of(after, smaller(wanted, room), block_least_rest(bytes));
    if (UNLIKELY(rise_in_free(after, 0, more) != 0)) {
        occupy((uintptr_t)next, more);
    }
    take_front(after, more);
    block_set_in_use(block, size + more);
    return true;
}

size_t heap_nonzero_prefix(struct block *block)
{
    const uintptr_t payload = (uintptr_t)block_payload(block);
    const size_t bytes = block_payload_bytes(block);
    const uintptr_t end = payload + bytes;
    struct page_range clean = heap.clean;
    if (clean.end > end) {
        clean.end = end;
    }
    if (clean.start >= end || end - clean.end > PAGE_BYTES) {
        return bytes;
    }
    if (clean.end < end) { /* a part of a page */
        memset((void *)clean.end, 0, end - clean.end);
    }
    return clean.start > payload ? clean.start - payload : 0;
}

bool heap_spans(const void *address)
{
    const struct heap_region *region = __atomic_load_n(&heap.regions, __ATOMIC_ACQUIRE);
    while (region != NULL && !heap_region_spans(region, address)) {
        region = region->older;
    }
    return region != NULL;
}
