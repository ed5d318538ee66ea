/* The speed of all against the reference: what verdicts need and no more. For
 * analysis/compare, which adds all other figures. */
#ifndef SNUGBENCH_ANALYSIS_COMPARE_SPEEDS_H
#define SNUGBENCH_ANALYSIS_COMPARE_SPEEDS_H

#include <stdbool.h>

#include "analysis/compare.h"
#include "analysis/compare_pairs.h"

/* Fills `speed`, `speed_p` and `is_undecided` of all rows, whose `present` is known.
 * false: out of memory. */
bool speeds_judge(struct pair_work *work, struct compare_summary *summary);

#endif
