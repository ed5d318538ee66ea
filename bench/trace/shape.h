/* Where a trace stands among others: how large what is live is, and how much of it
 * lies in large blocks; growth by realloc; lifetimes; frees by other threads; and
 * all that along the trace. */
#ifndef SNUGBENCH_TRACE_SHAPE_H
#define SNUGBENCH_TRACE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/summary.h"
#include "trace/trace.h"

#define SHAPE_LARGE_BYTES                                                              \
    ((uint64_t)128 << 10) /* and more: mapped by most allocators */

enum {
    SHAPE_POINTS = 200,
    SHAPE_BANDS = 4,
    SHAPE_LIFETIMES = 66
};

/* The sizes of a band are below its end: up to 512 bytes, up to 32 KiB, less than
 * SHAPE_LARGE_BYTES, and those. */
extern const uint64_t shape_band_ends[SHAPE_BANDS];

struct shape_point {
    uint64_t op; /* so many operations are done */
    uint64_t live_blocks;
    uint64_t band_bytes[SHAPE_BANDS]; /* live */
};

struct trace_shape {
    double mean_live_bytes;    /* over the operations */
    uint64_t large_bytes;      /* asked for in large blocks */
    uint64_t large_peak_bytes; /* live in them where live bytes are at their peak */
    uint64_t grown_bytes;      /* new less old size, over all reallocs to more */
    uint64_t grow_count;
    uint64_t longest_chain;            /* reallocs of one block to more */
    uint64_t largest_grown_bytes;      /* size to which a block grew */
    uint64_t other_thread_frees;       /* by another thread than the allocation */
    struct percentiles lifetime_bytes; /* asked for from allocation to free */
    uint64_t bucket_peak_bytes[SUMMARY_BUCKETS]; /* live at the peak */
    /* Blocks freed; bucket k holds lifetimes in (2^(k-2), 2^(k-1)] as for sizes. */
    uint64_t lifetime_ops_blocks[SHAPE_LIFETIMES];
    uint64_t lifetime_bytes_blocks[SHAPE_LIFETIMES];
    struct shape_point
        points[SHAPE_POINTS]; /* at equal distances, the last at the end */
    uint32_t point_count;
};

/* O(n log n). false: out of memory (errno). */
bool trace_shape(const struct trace *trace, struct trace_shape *shape);

#endif
