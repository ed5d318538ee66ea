/* Speed of one allocator on one trace, and its comparison with the reference. */
#ifndef SNUGBENCH_ANALYSIS_TIMING_H
#define SNUGBENCH_ANALYSIS_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/statistics.h"
#include "analysis/summary.h"
#include "runner/result.h"

/* One value per process, for the statistics: the rows of a bootstrap point into these.
 */
struct timing_values {
    double *ns_per_op;
    size_t count;
    double *ratios; /* reference / this, by round; empty for what cannot be paired */
    size_t ratio_count;
};

/* The values of one side (cold or warm) against the reference's on the same trace; both
 * in ascending rounds; `op_count` >= 1. false: out of memory. */
bool timing_values_create(struct timing_values *values, struct timing_samples samples,
                          struct timing_samples reference, uint64_t op_count);
void timing_values_destroy(struct timing_values *values);

/* Center and interval of rows (statistics.h); absent if there are none. */
struct estimate timing_estimate(const struct series *rows, size_t row_count,
                                double *scratch, uint64_t seed);

/* What a ratio says: a difference counts if its interval leaves out 1 and its size is
 * at least `effect`. */
enum verdict timing_verdict(struct estimate ratio, size_t rounds, double effect);

#endif
