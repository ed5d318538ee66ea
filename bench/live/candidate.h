/* What the runs of one allocator leave in its row of the study. */
#ifndef SNUGBENCH_LIVE_CANDIDATE_H
#define SNUGBENCH_LIVE_CANDIDATE_H

#include "live/run.h"
#include "live/study.h"

/* The first reason stays: what comes later is its consequence. */
__attribute__((format(printf, 2, 3))) void candidate_fail(struct candidate *candidate,
                                                          const char *format, ...);

void candidate_keep_points(struct candidate *candidate, struct live_run *run);
void candidate_keep_memory(struct candidate *candidate,
                           const struct live_memory *memory);
void candidate_keep_time(struct candidate *candidate, const struct live_time *time);

/* The preload: where it is missing in the program itself, the row is of another
 * allocator than its name says. */
void candidate_check_preload(struct candidate *candidate, const struct live_run *run);

#endif
