/* Giving memory back: the touched part of the top, and pages inside free blocks. */
#include "heap.h"

#include <string.h>

#include <sys/single_threaded.h>

#include "knobs.h"
#include "os.h"

struct purge {
    size_t least_bytes; /* of a hole */
    size_t purged_bytes;
};

static void purge_block(const struct block *block, size_t bytes, void *context)
{
    struct purge *const purge = context;
    if (bytes < purge->least_bytes) {
        return;
    }
    /* The tag at its start and the footer at its end stay. */
    const uintptr_t start = align_up((uintptr_t)block + sizeof *block, PAGE_BYTES);
    const uintptr_t end =
        align_down((uintptr_t)block + bytes - sizeof(size_t), PAGE_BYTES);
    if (os_purge((void *)start, end - start)) {
        purge->purged_bytes += end - start;
    }
}

size_t heap_purge_blocks(size_t least_bytes)
{
    if (heap.locked) {
        return 0;
    }
    struct purge purge = {
        least_bytes > PURGE_BLOCK_BYTES ? least_bytes : PURGE_BLOCK_BYTES, 0};
    bins_visit(&heap_bins, purge_block, &purge);
    return purge.purged_bytes;
}

/* A heap whose large holes do not fit what is asked for would hold both: the peak of a
 * program that replaces large buffers by larger ones. What is given back before growth
 * is at most the heap over the life of the process, so that each page is faulted in
 * again once, on average, at the most. */
void heap_purge_for_growth(size_t bytes)
{
    const size_t touched = heap.touched_bytes;
    const size_t part = touched / GROWTH_PURGE_SHARE;
    heap.grown_bytes += bytes;
    if (heap.grown_bytes < part || heap_bins.free_bytes < part ||
        heap.growth_purge_bytes > touched || heap.trim_threshold_bytes == SIZE_MAX) {
        return;
    }
    const uint64_t pause_ns = knobs_purge_ns(0);
    if (pause_ns != 0) { /* the user wants a pause, or no purge at all */
        const uint64_t now_ns = os_now_ns();
        if (now_ns - heap.purged_at_ns < pause_ns) {
            return;
        }
        heap.purged_at_ns = now_ns;
    }
    heap.grown_bytes = 0;
    heap.growth_purge_bytes += heap_purge_blocks(part);
}

/* Whether all but a PURGE_SHARE of what has been touched is free. */
static bool is_nearly_empty(void)
{
    return heap_unused_bytes() >= heap.touched_bytes - heap.touched_bytes / PURGE_SHARE;
}

/* The next look: when a further part has been freed, at the latest when nearly all is;
 * at the earliest when half is. */
static void purge_look_later(void)
{
    const size_t touched = heap.touched_bytes;
    const size_t step = heap_unused_bytes() + touched / (2 * PURGE_SHARE);
    const size_t last = touched - touched / PURGE_SHARE;
    const size_t next = step < last ? step : last;
    heap.purge_look_at = next > touched / 2 ? next : touched / 2;
    if (heap.purge_look_at < PURGE_HEAP_BYTES / 2) {
        heap.purge_look_at = PURGE_HEAP_BYTES / 2;
    }
}

/* Nearly all has become free: look again after a while. false: not worth waiting. */
static bool purge_wait(uint64_t now_ns)
{
    const uint64_t delay_ns = knobs_purge_ns(PURGE_DELAY_NS);
    if (delay_ns == 0 || heap.pause_cache == NULL || !__libc_single_threaded) {
        return false;
    }
    heap.pause_cache(true);
    heap.purge_due_ns = now_ns + delay_ns;
    return true;
}

static void purge_end_wait(void)
{
    if (heap.purge_due_ns != 0) {
        heap.purge_due_ns = 0;
        heap.pause_cache(false);
    }
    purge_look_later();
}

static void purge(uint64_t now_ns)
{
    const size_t bytes =
        heap_purge_blocks(PURGE_BLOCK_BYTES) + heap_trim_top(heap.top_pad_bytes);
    heap.purged_at_ns = heap.trimmed_at_ns = now_ns;
    heap.purged_pages = heap.trimmed_pages = bytes / PAGE_BYTES;
}

void heap_consider_purge(void)
{
    if (heap.trim_threshold_bytes == SIZE_MAX || /* the user wants none */
        heap_unused_bytes() < heap.touched_bytes / 2) {
        purge_end_wait();
        return;
    }
    if (heap.purge_patience > 0) {
        heap.purge_patience--;
        return;
    }
    heap.purge_patience = 64;
    const uint64_t now_ns = os_now_ns();
    const bool waits = heap.purge_due_ns != 0;
    if (waits ? now_ns < heap.purge_due_ns
              : now_ns - heap.purged_at_ns <
                    knobs_purge_ns(heap.purged_pages * TRIM_NS_PER_PAGE)) {
        return;
    }
    if (heap.reclaim != NULL) {
        heap.reclaim(1);
    }
    heap.purge_patience = 0;
    if (is_nearly_empty()) {
        if (!waits && purge_wait(now_ns)) {
            return;
        }
        purge(now_ns);
    }
    purge_end_wait();
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
    const size_t less = (size_t)(heap.touched - (char *)keep);
    __atomic_store_n(&heap.touched_bytes, heap.touched_bytes - less, __ATOMIC_RELAXED);
    heap.touched = (char *)keep;
    heap.reclaim_at = heap.touched;
    return end - keep;
}

/* Free memory above the top is worth giving back, if it has been quiet long enough. */
void heap_consider_trim(void)
{
    const size_t unused = (size_t)(heap.touched - heap.top);
    if (unused < heap.touched_bytes / TRIM_SHARE) {
        return;
    }
    if (heap.trim_patience > 0) {
        heap.trim_patience--;
        return;
    }
    const uint64_t now_ns = os_now_ns();
    if (now_ns - heap.trimmed_at_ns <
        knobs_purge_ns(heap.trimmed_pages * TRIM_NS_PER_PAGE)) {
        heap.trim_patience = 64;
        return;
    }
    heap.trimmed_at_ns = now_ns;
    heap.trimmed_pages = heap_trim_top(heap.top_pad_bytes) / PAGE_BYTES;
}
