/* One question about one trace, answered by fresh workers: does an allocator fail on
 * it, how much slower than another is it. For searches that ask it many times. */
#ifndef SNUGBENCH_RUNNER_TRIAL_H
#define SNUGBENCH_RUNNER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/result.h"
#include "runner/rng.h"

struct trial {
    const struct allocator *allocator;
    const struct allocator *reference; /* of ratios */
    uint64_t timeout_ns;               /* of one process */
    struct rng rng;
};

struct trial_answer {
    enum result_status status;
    char text[320];   /* as struct result has it: reads on after "crashed: " */
    uint64_t reached; /* operations until it failed; 0: not known */
    double ratio;     /* of times; 0: not measured */
};

/* What the verify pass says. signals_hold must be in force, for both. */
struct trial_answer trial_verify(struct trial *trial, const struct trace *trace);

/* Warm times: the quickest pass of a few processes of each, in turn. The minimum, not a
 * median: what disturbs only ever adds, and hundreds of traces are timed in a search.
 * The status is of the first process that failed, RESULT_OK if none did. */
struct trial_answer trial_time(struct trial *trial, const struct trace *trace);

#endif
