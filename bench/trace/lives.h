/* A trace as lives: each begins with an allocation (or is a free of NULL, and over) and
 * goes on by steps, reallocs and a free. What is never freed has no last step. */
#ifndef SNUGBENCH_TRACE_LIVES_H
#define SNUGBENCH_TRACE_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct life {
    uint64_t op; /* index in the trace's operations */
    uint64_t first_step;
    uint32_t step_count;
    bool is_freed;
    uint64_t most_bytes; /* at any time of it */
};

struct lives {
    const struct trace *trace;
    struct life *lives; /* by op */
    size_t count;
    uint64_t *steps; /* indexes of operations: those of one life stand together */
};

/* O(operations). false: out of memory (errno); destroy either way. */
bool lives_of_trace(struct lives *lives, const struct trace *trace);
void lives_destroy(struct lives *lives);

/* The first life at or after the operation; count if there is none. O(log n). */
size_t lives_find(const struct lives *lives, uint64_t op);

#endif
