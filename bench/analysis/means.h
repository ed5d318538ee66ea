/* Plain means of a figure over the traces where every allocator has it; the floor is no
 * competitor and takes no trace from the others. */
#ifndef SNUGBENCH_ANALYSIS_MEANS_H
#define SNUGBENCH_ANALYSIS_MEANS_H

#include "analysis/summary.h"
#include "runner/result.h"

/* Fills in `parts` and `counts` of every total, and the numbers of their traces. */
void means_fill(struct summary *summary, const struct run *run);

#endif
