/* The answer of a run of replays: over all its traces together. */
#ifndef SNUGBENCH_ANALYSIS_REPLAY_ANSWER_H
#define SNUGBENCH_ANALYSIS_REPLAY_ANSWER_H

#include <stdbool.h>

#include "analysis/answer.h"
#include "analysis/summary.h"
#include "runner/result.h"

/* A row for each allocator but the floor; both are borrowed from. Speed is warm. Peaks
 * are measured once and exactly, so their ratios have no width. false: out of memory;
 * to be destroyed in either case. */
bool replay_answer_create(struct answer *answer, const struct run *run,
                          const struct summary *summary);

#endif
