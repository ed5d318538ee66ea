/* What was counted of one allocator on one trace, not timed. */
#ifndef SNUGBENCH_ANALYSIS_COUNTS_H
#define SNUGBENCH_ANALYSIS_COUNTS_H

#include "analysis/summary.h"
#include "runner/result.h"

/* For one operation. `scratch` holds as many as there are processes of the counters
 * pass. */
struct count_figures counts_figures(const struct result *result, uint64_t op_count,
                                    double *scratch);

/* By phase, over all kinds of calls. */
void counts_syscalls(struct figure figures[PHASE_COUNT],
                     const struct syscall_counts *calls);

#endif
