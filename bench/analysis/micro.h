/* Figures of the micro-benchmarks. bench/METHOD.md says what each is. */
#ifndef SNUGBENCH_ANALYSIS_MICRO_H
#define SNUGBENCH_ANALYSIS_MICRO_H

#include <stddef.h>

#include "analysis/summary.h"
#include "runner/micro.h"

enum {
    MICRO_ROUNDS_LIMIT = 100
};

extern const double micro_effect; /* a smaller difference of speed is none */

/* One case under one allocator; memory is growth over the empty program. */
struct micro_figures {
    struct estimate ns_per_op;
    struct comparison speed; /* its verdict after Holm's correction over the cases */
    struct figure worst_op_ns, peak_growth_bytes, after_growth_bytes, minor_faults;
    struct figure peak_ratio; /* to the reference's growth */
};

/* All figures of a run, as run->rows; to be freed. NULL: out of memory. */
struct micro_figures *micro_figures_create(const struct micro_run *run);

#endif
