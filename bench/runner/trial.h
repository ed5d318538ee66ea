/* One question about one trace, answered by fresh workers: does an allocator fail on
 * it, is it so much slower than another. For searches that ask it many times. */
#ifndef SNUGBENCH_RUNNER_TRIAL_H
#define SNUGBENCH_RUNNER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/result.h"
#include "runner/rng.h"

enum {
    TRIAL_PATIENCE_S = 10
};

struct trial {
    const struct allocator *allocator;
    const struct allocator *reference; /* of ratios */
    uint64_t timeout_ns; /* of one process; 0: as job_patience_ns has it */
    struct rng rng;
};

struct trial_answer {
    enum result_status status;
    char text[320];   /* as struct result has it: reads on after "crashed: " */
    uint64_t reached; /* operations until it failed; 0: not known */

    /* Of trial_time: ratios of times, of pairs of processes. */
    bool is_slower;
    uint32_t pair_count;
    double ratio;         /* the median */
    double ratio_quarter; /* a quarter is below */
};

/* What the verify pass says. signals_hold must be in force, for both. */
struct trial_answer trial_verify(struct trial *trial, const struct trace *trace);

/* Does the allocator take at least `ratio` times the reference's time on the trace? One
 * process of each after another, the order changing from pair to pair, is a vote, by
 * the quickest warm passes. The status is of the first process that failed, RESULT_OK
 * if none did. */
struct trial_answer trial_time(struct trial *trial, const struct trace *trace,
                               double ratio);

#endif
