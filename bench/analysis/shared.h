/* The traces that count in figures over several: those that every allocator of the run
 * completed, so that none gains by failing on a hard one. The floor does not count, nor
 * does an allocator that completed no trace at all. */
#ifndef SNUGBENCH_ANALYSIS_SHARED_H
#define SNUGBENCH_ANALYSIS_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/summary.h"

/* What must be there to be complete; each for itself. */
enum shared_need {
    NEED_WARM,
    NEED_COLD,
    NEED_MEMORY,
    NEED_SYSCALLS
};

/* Whether the cell of this trace and allocator has it. */
bool shared_has(const struct summary *summary, size_t trace, size_t allocator,
                enum shared_need need);

/* Whether the trace is shared. */
bool shared_is(const struct run *run, const struct summary *summary, size_t trace,
               enum shared_need need);

/* How many are. */
size_t shared_count(const struct run *run, const struct summary *summary,
                    enum shared_need need);

#endif
