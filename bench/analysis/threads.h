/* What the threads of a replay took, and what they gained: bench/METHOD.md defines the
 * figures. */
#ifndef SNUGBENCH_ANALYSIS_THREADS_H
#define SNUGBENCH_ANALYSIS_THREADS_H

#include <stdbool.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* The figures of one allocator on one trace; none is present if one thread replayed it.
 * false: out of memory. */
bool threads_figures(struct thread_figures *figures, const struct result *result,
                     const struct trace_facts *trace);

#endif
