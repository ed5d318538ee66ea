/* What is run in which order.
 *
 * Trace by trace: the modes of the worker in the order of their table, the timed ones
 * in rounds. A round visits every allocator that has not failed on this trace, in a
 * fresh random order, with one process of each mode and nothing beside it: what runs
 * within a round meets the same conditions, so ratios are paired by round. An allocator
 * that fails on a trace takes no other along. */
#ifndef SNUGBENCH_RUNNER_SCHEDULE_H
#define SNUGBENCH_RUNNER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/result.h"
#include "runner/sources.h"

enum {
    SCHEDULE_PATIENCE_S = 60
};

struct schedule_options {
    unsigned modes;      /* those to run: a set of runner/mode.h */
    uint32_t min_rounds; /* done whatever the budget says */
    uint32_t max_rounds;
    uint64_t budget_ns;  /* of timed rounds, for each trace */
    uint64_t timeout_ns; /* of one process; 0: as job_patience_ns has it */
    uint64_t warm_budget_ns;
    uint32_t warm_min_passes;
    bool only_peaks; /* of memory: nothing along the trace, nothing after its end */
    bool is_flat;    /* one thread for all that a trace's threads did */
    bool is_quiet;   /* no progress: the caller shows its own */
};

extern const struct schedule_options schedule_defaults;

/* Fills in run->results, rounds and interrupted. The run comes with allocators, traces
 * (sources_describe), touch modes and seed. signals_hold must be in force. */
void schedule_run(struct run *run, struct sources *sources,
                  const struct schedule_options *options);

#endif
