/* Statistics of small samples: pure functions, nothing printed, nothing allocated.
 *
 * Samples here are few (5 to 100 processes) and skewed to the slow side, so the middle
 * is the median and its uncertainty comes from the percentile bootstrap, which assumes
 * no distribution. Randomness is our own generator from a seed: the same input gives
 * the same interval on every machine. */
#ifndef SNUGBENCH_ANALYSIS_STATISTICS_H
#define SNUGBENCH_ANALYSIS_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

struct interval {
    double low, high;
};

/* Values of one trace, or of one allocator on it; `count` may differ from row to row.
 */
struct series {
    const double *values;
    size_t count;
};

/* One measurement and the round it was taken in. */
struct round_value {
    uint32_t round;
    double value;
};

/* Sorts `values`; the mean of the middle two if `count` is even. count >= 1. */
double statistics_median(double *values, size_t count);

/* Values outside Tukey's fences, 1.5 quartile distances beyond the quartiles. Sorts.
 * None below 4 values. */
size_t statistics_outlier_count(double *values, size_t count);

/* The geometric mean over rows of the median within each row: the one statistic that
 * all figures use (with one row it is the plain median). `scratch` holds as many
 * doubles as the longest row. Rows have at least one value, all positive. */
double statistics_center(const struct series *rows, size_t row_count, double *scratch);

/* The 95 % percentile-bootstrap interval of statistics_center. Each row is resampled by
 * itself: rounds of different traces are taken at different times, and what one round
 * of a trace ties together is already one value of its row, a ratio. `scratch` as
 * above. O(values * log values) for each of 2,000 resamples. */
struct interval statistics_bootstrap(const struct series *rows, size_t row_count,
                                     double *scratch, uint64_t seed);

/* reference / subject for every round that both have, into `ratios` (as many as the
 * smaller count); both in ascending order of rounds. Returns how many. Above 1: the
 * subject took less. */
size_t statistics_pair_ratios(const struct round_value *reference,
                              size_t reference_count, const struct round_value *subject,
                              size_t subject_count, double *ratios);

/* The p-value of the hypothesis that the logarithms of the values have the mean 0, over
 * all rows: Student's two-sided t-test, with Welch's degrees of freedom where there are
 * several rows. Values that pair equals by round are as likely above 1 as below, and
 * for such the test keeps its level or stays below it. A test of signs or permutations
 * assumes less, but says nothing below 1/16 with 5 values, and then no correction for
 * many traces leaves anything. 1 if a row has fewer than 2 values. All positive. */
double statistics_p_value(const struct series *rows, size_t row_count);

/* The standard deviation of the logarithms of `values`; count >= 2, all positive. */
double statistics_log_spread(const double *values, size_t count);

/* Holm's correction: the p-value of one of `count` comparisons as it may be read alone,
 * although all are made at once. If those up to a level are called significant, one
 * false among them all has that probability at most. O(count^2). */
double statistics_holm(const double *p_values, size_t count, size_t index);

/* Wilson's 95 % interval of a share, seen as `hits` of `trials`; trials >= 1. */
struct interval statistics_share(size_t hits, size_t trials);

/* The probability of `hits` or more of `trials` where each is one with `probability`
 * (above 0, below 1). */
double statistics_binomial_tail(size_t hits, size_t trials, double probability);

/* The next number of a generator whose whole state is *state (splitmix64). */
uint64_t statistics_random(uint64_t *state);

/* A number from the standard normal distribution, by that generator. */
double statistics_random_normal(uint64_t *state);

#endif
