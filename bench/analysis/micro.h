/* Figures of the micro-benchmarks. bench/METHOD.md says what each is. */
#ifndef SNUGBENCH_ANALYSIS_MICRO_H
#define SNUGBENCH_ANALYSIS_MICRO_H

#include <stddef.h>

#include "analysis/summary.h"
#include "runner/micro.h"

enum {
    MICRO_ROUNDS_LIMIT = 100
};

/* One case under one allocator; memory is growth over the empty program. */
struct micro_figures {
    struct estimate ns_per_op;
    struct comparison speed;
    struct figure worst_op_ns, peak_growth_bytes, after_growth_bytes, minor_faults;
};

struct micro_figures micro_figures(const struct micro_run *run, size_t case_index,
                                   size_t allocator_index);

/* `growth` against the reference's peak in this case. */
struct figure micro_peak_ratio(const struct micro_run *run, size_t case_index,
                               struct figure growth);

#endif
