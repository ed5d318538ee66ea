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

/* Whether it would stay who is the fastest: who is called that is a matter of chance as
 * long as another may be as fast, or faster. The reference is not asked for: either it
 * is slower, and known to be, or none is said to be faster. All speeds are judged. */
bool speeds_leader_is_certain(struct pair_work *work,
                              const struct compare_summary *summary);

#endif
