/* What part the allocator has in a program's time and memory: the program's recording,
 * replayed in cold passes, beside what the program itself took. */
#ifndef SNUGBENCH_ANALYSIS_OWN_COST_H
#define SNUGBENCH_ANALYSIS_OWN_COST_H

#include "analysis/compare.h"
#include "analysis/summary.h"
#include "live/study.h"
#include "runner/result.h"

/* Fills recording and rows of `comparison`'s answer from a replay of one trace under
 * the study's allocators, known by their names. The price of replaying itself, which
 * the floor's pass shows, is taken off. */
void own_cost_fill(struct compare_summary *comparison, const struct study *study,
                   const struct run *run, const struct summary *replay);

#endif
