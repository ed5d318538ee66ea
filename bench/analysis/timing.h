/* Speed of one allocator on one trace, and its comparison with the reference. */
#ifndef SNUGBENCH_ANALYSIS_TIMING_H
#define SNUGBENCH_ANALYSIS_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/statistics.h"
#include "analysis/summary.h"
#include "runner/result.h"

/* The probability of a false verdict that is put up with: of one allocator against the
 * reference, on all traces of a run together. */
#define TIMING_LEVEL 0.05

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

/* The same where the test has its say, too: its p-value is at most TIMING_LEVEL. */
struct comparison timing_judge(struct estimate ratio, double p_value, size_t rounds,
                               double effect);

/* An allocator's ratios on a trace, or on all, a row for each: estimate, p-value and
 * verdict. That on one of several traces holds for it alone until timing_correct has
 * seen all. Rows have values. */
struct comparison timing_compare(const struct series *rows, size_t row_count,
                                 double effect, double *scratch, uint64_t seed);

/* Holm's correction over one allocator's verdicts on many traces: those that do not
 * pass become VERDICT_SAME, and the probability of a false one among the rest is
 * TIMING_LEVEL at most. `scratch` holds `count` doubles. */
void timing_correct(struct comparison *const *comparisons, size_t count,
                    double *scratch);

#endif
