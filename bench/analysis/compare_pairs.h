/* Two candidates of a study against each other, by round: ratios with their intervals,
 * and what they say. For analysis/compare, which puts them together. */
#ifndef SNUGBENCH_ANALYSIS_COMPARE_PAIRS_H
#define SNUGBENCH_ANALYSIS_COMPARE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/compare.h"
#include "analysis/statistics.h"
#include "live/study.h"

/* A difference is one below this p. */
extern const double pair_level;

/* Buffers for one figure; its values are at most `room`. */
struct pair_work {
    const struct study *study;
    double effect;
    struct round_value *left, *right;
    double *values, *scratch;
    size_t room;
};

/* false: out of memory; destroy all the same. */
bool pair_work_create(struct pair_work *work, const struct study *study, double effect);
void pair_work_destroy(struct pair_work *work);

/* Median and interval; absent if there are no values. */
struct estimate pair_estimate(struct pair_work *work, const double *values,
                              size_t count, uint64_t seed);

/* The peaks of its runs; returns how many. */
size_t pair_peaks(const struct candidate *candidate, struct round_value *out);

/* How much better `subject` is than `other`, above 1; *p without correction. */
struct estimate pair_speed(struct pair_work *work, const struct candidate *subject,
                           const struct candidate *other, size_t *rounds, double *p);
enum verdict pair_judge_speed(struct estimate ratio, size_t rounds, double effect,
                              double p);

/* subject / other. */
struct estimate pair_size(struct pair_work *work, const struct candidate *subject,
                          const struct candidate *other, size_t *runs);
/* What a difference of peaks must be at least, of so many runs each. */
double pair_size_effect(size_t runs, double effect);
enum size_verdict pair_judge_size(struct estimate ratio, size_t runs, double effect);

#endif
