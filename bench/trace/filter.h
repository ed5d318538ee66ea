/* Part of a trace: a window of its operations, some of its threads, a range of sizes.
 *
 * A block is in the result while its size is in the range, if a thread that is asked
 * for allocated it: who frees it does not matter. What was live when the window begins
 * is allocated first, so that the window meets the heap that it had. */
#ifndef SNUGBENCH_TRACE_FILTER_H
#define SNUGBENCH_TRACE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct filter {
    uint64_t first, last;          /* operations of the window, from 1, both included */
    bool is_empty_at_first;        /* leave out what was live when it begins */
    const uint64_t *threads;       /* as the trace numbers them */
    size_t thread_count;           /* 0: all */
    uint64_t min_bytes, max_bytes; /* both included */
};

/* Everything. */
extern const struct filter filter_all;

/* What became of the blocks that crossed its bounds is told in the notes of the result.
 * NULL with error filled in: nothing is left, or no memory. */
struct trace *filter_trace(const struct trace *source, const struct filter *filter,
                           struct trace_error *error);

#endif
