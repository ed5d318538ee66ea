/* Medians, intervals, p values: against tables, closed forms and simulated runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/statistics.h"
#include "analysis/timing.h"
#include "noise.h"

enum {
    SAMPLES = 15,
    TRIALS = 300,
    ROWS = 16,
};

static struct interval interval_of(const double *values, size_t count, uint64_t seed)
{
    double scratch[SAMPLES];
    const struct series row = {.values = values, .count = count};
    return statistics_bootstrap(&row, 1, scratch, seed);
}

static void test_median(void **state)
{
    (void)state;
    double odd[] = {9, 1, 5};
    double even[] = {4, 1, 3, 100};
    double one[] = {7};
    assert_float_equal(statistics_median(odd, 3), 5, 1e-12);
    assert_float_equal(statistics_median(even, 4), 3.5, 1e-12);
    assert_float_equal(statistics_median(one, 1), 7, 1e-12);
}

static void test_median_of_many(void **state)
{
    (void)state;
    double values[1001];
    for (size_t i = 0; i < 1001; i++) {
        values[i] = (double)((i * 617) % 1001); /* each of 0..1000 once */
    }
    assert_float_equal(statistics_median(values, 1001), 500, 1e-12);
}

static void test_center_is_geometric_mean_of_medians(void **state)
{
    (void)state;
    const double first[] = {2, 1000, 1};
    const double second[] = {8, 8, 8, 8};
    const double third[] = {4};
    const struct series rows[] = {{first, 3}, {second, 4}, {third, 1}};
    double scratch[4];
    assert_float_equal(statistics_center(rows, 3, scratch), 4, 1e-12);
}

static void test_outliers_are_counted(void **state)
{
    (void)state;
    double calm[] = {10, 11, 12, 13, 14};
    double wild[] = {10, 11, 12, 13, 14, 15, 16, 99, -70};
    /* Quartiles 11.25 and 13.75: the fence is at 17.5. */
    double within[] = {10, 11, 12, 13, 14, 17};
    double beyond[] = {10, 11, 12, 13, 14, 18};
    double few[] = {1, 1, 1000};
    assert_int_equal(statistics_outlier_count(calm, 5), 0);
    assert_int_equal(statistics_outlier_count(wild, 9), 2);
    assert_int_equal(statistics_outlier_count(within, 6), 0);
    assert_int_equal(statistics_outlier_count(beyond, 6), 1);
    assert_int_equal(statistics_outlier_count(few, 3), 0);
}

static void test_ratios_pair_by_round(void **state)
{
    (void)state;
    const struct round_value reference[] = {{0, 10}, {1, 20}, {3, 40}, {4, 50}};
    const struct round_value subject[] = {{1, 10}, {2, 1}, {3, 80}};
    double ratios[3];
    assert_int_equal(statistics_pair_ratios(reference, 4, subject, 3, ratios), 2);
    assert_float_equal(ratios[0], 2, 1e-12);
    assert_float_equal(ratios[1], 0.5, 1e-12);
    assert_int_equal(statistics_pair_ratios(reference, 0, subject, 3, ratios), 0);
}

static void test_interval_repeats_with_its_seed(void **state)
{
    (void)state;
    uint64_t noise = 3;
    double values[SAMPLES];
    fill_noisy(values, SAMPLES, 100, 5, &noise);
    const struct interval one = interval_of(values, SAMPLES, 11);
    const struct interval same = interval_of(values, SAMPLES, 11);
    assert_true(one.low == same.low && one.high == same.high);
    assert_true(one.low < one.high);
}

static void test_interval_of_equal_values_is_a_point(void **state)
{
    (void)state;
    const double values[] = {3, 3, 3, 3, 3};
    const struct interval interval = interval_of(values, 5, 1);
    assert_float_equal(interval.low, 3, 1e-12);
    assert_float_equal(interval.high, 3, 1e-12);
}

/* The median of 17 values drawn from 1 to 17 is at most 5 with probability 0.036, at
 * most 4 with 0.008: of 95 % the lower end is 5, of 90 % it would be 6; and so above.
 */
static void test_interval_is_of_95_pct(void **state)
{
    (void)state;
    double values[17];
    double scratch[17];
    for (size_t i = 0; i < 17; i++) {
        values[i] = (double)(i + 1);
    }
    const struct series row = {.values = values, .count = 17};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const struct interval interval = statistics_bootstrap(&row, 1, scratch, seed);
        assert_float_equal(interval.low, 5, 1e-9);
        assert_float_equal(interval.high, 13, 1e-9);
    }
}

/* A 95 % interval of 15 values should hold the true middle in about 95 % of trials; the
 * bootstrap of a median is known to come near that. 90 to 99 % tells it from a 50 % or
 * an always-true one. */
static void test_interval_covers_the_truth(void **state)
{
    (void)state;
    uint64_t noise = 5;
    int covered = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        double values[SAMPLES];
        fill_noisy(values, SAMPLES, 100, 5, &noise);
        const struct interval interval = interval_of(values, SAMPLES, trial);
        covered += interval.low <= 100 && 100 <= interval.high;
    }
    assert_in_range(covered, TRIALS * 90 / 100, TRIALS * 99 / 100);
}

/* Rounds of different traces have nothing in common, so noise averages out over rows:
 * the geometric mean of 16 rows has a quarter of one row's interval. Resampled jointly,
 * equal rows would have the interval of one. */
static void test_rows_are_resampled_by_themselves(void **state)
{
    (void)state;
    uint64_t noise = 7;
    double values[SAMPLES];
    double scratch[SAMPLES];
    struct series rows[ROWS];
    fill_noisy(values, SAMPLES, 100, 5, &noise);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = (struct series){.values = values, .count = SAMPLES};
    }
    const struct interval one = interval_of(values, SAMPLES, 1);
    const struct interval all = statistics_bootstrap(rows, ROWS, scratch, 1);
    const double share = (all.high - all.low) / (one.high - one.low);
    assert_true(share > 0.15 && share < 0.4);
}

static double p_value_of(const double *values, size_t count)
{
    const struct series row = {.values = values, .count = count};
    return statistics_p_value(&row, 1);
}

/* Two-sided 5 % and 1 % points of Student's t from printed tables. */
static void test_p_value_of_student(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        double t, p;
    } rows[] = {{2, 12.706, 0.05}, {3, 4.303, 0.05}, {5, 2.776, 0.05},
                {5, 8.610, 0.001}, {6, 4.032, 0.01}, {10, 2.262, 0.05},
                {20, 2.861, 0.01}, {31, 2.042, 0.05}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* +1 and -1 in turn have a known spread; the mean is moved to where it gives t.
         */
        double values[32];
        double logs[32];
        double mean = 0;
        for (size_t k = 0; k < rows[i].count; k++) {
            logs[k] = 0.01 * (k % 2 == 0 ? 1 : -1);
            values[k] = exp(logs[k]);
            mean += logs[k] / (double)rows[i].count;
        }
        const double spread = statistics_log_spread(values, rows[i].count);
        for (size_t k = 0; k < rows[i].count; k++) {
            values[k] =
                exp(logs[k] - mean + rows[i].t * spread / sqrt((double)rows[i].count));
        }
        const double p = p_value_of(values, rows[i].count);
        assert_true(fabs(p / rows[i].p - 1) < 0.01);
    }
    const double same[] = {1, 1, 1};
    const double twice[] = {2, 2, 2};
    assert_float_equal(p_value_of(same, 3), 1, 0);
    assert_float_equal(p_value_of(twice, 3), 0, 0);
    assert_float_equal(p_value_of(twice, 1), 1, 0);
}

/* Over all of a run's traces, some noisier than others: equals get 5 %, by normal noise
 * somewhat less than more, as Welch's degrees are rounded down; the bounds would be
 * broken by chance once in 1,000. */
static void test_p_value_over_rows(void **state)
{
    (void)state;
    enum {
        TRACES = 8,
        REPETITIONS = 4000,
    };
    uint64_t noise = 71;
    size_t found = 0;
    size_t false_count = 0;
    for (size_t i = 0; i < REPETITIONS; i++) {
        double equal[TRACES][5];
        double slower[TRACES][5];
        struct series equals[TRACES];
        struct series slowers[TRACES];
        for (size_t trace = 0; trace < TRACES; trace++) {
            const double spread = 0.01 * (double)(trace + 1);
            fill_ratios(equal[trace], 5, 0, spread, 0, &noise);
            fill_ratios(slower[trace], 5, 0.05, spread, 0, &noise);
            equals[trace] = (struct series){equal[trace], 5};
            slowers[trace] = (struct series){slower[trace], 5};
        }
        false_count += statistics_p_value(equals, TRACES) <= 0.05;
        found += statistics_p_value(slowers, TRACES) <= 0.05;
    }
    assert_true(statistics_binomial_tail(false_count, REPETITIONS, 0.05) > 0.001);
    assert_true(statistics_binomial_tail(REPETITIONS - false_count, REPETITIONS, 0.96) >
                0.001);
    assert_true(found > REPETITIONS * 99 / 100);
}

/* Holm's own scheme by hand: 0.01 x 4, 0.015 x 3 pass 5 %, 0.03 x 2 does not, and
 * nothing behind it does either. */
static void test_holm(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, 0.03, 0.005, 0.8};
    assert_float_equal(statistics_holm(p, 5, 3), 0.025, 1e-12);
    assert_float_equal(statistics_holm(p, 5, 0), 0.04, 1e-12);
    assert_float_equal(statistics_holm(p, 5, 2), 0.09, 1e-12);
    /* 2 * 0.04 is less than the one before. */
    assert_float_equal(statistics_holm(p, 5, 1), 0.09, 1e-12);
    assert_float_equal(statistics_holm(p, 5, 4), 0.8, 1e-12);
    const double ties[] = {0.04, 0.04};
    assert_float_equal(statistics_holm(ties, 2, 0), 0.08, 1e-12);
    assert_float_equal(statistics_holm(ties, 2, 1), 0.08, 1e-12);
}

/* Wilson's interval as published: 0 of 10 and 5 of 10. */
static void test_share_interval(void **state)
{
    (void)state;
    const struct interval none = statistics_share(0, 10);
    const struct interval half = statistics_share(5, 10);
    assert_float_equal(none.low, 0, 0);
    assert_float_equal(none.high, 0.2775, 1e-4);
    assert_float_equal(half.low, 0.2366, 1e-4);
    assert_float_equal(half.high, 0.7634, 1e-4);
    assert_float_equal(statistics_share(10, 10).high, 1, 0);
}

static void test_binomial_tail(void **state)
{
    (void)state;
    assert_float_equal(statistics_binomial_tail(0, 20, 0.05), 1, 1e-9);
    assert_true(fabs(statistics_binomial_tail(1, 20, 0.05) - (1 - pow(0.95, 20))) <
                1e-9);
    assert_float_equal(statistics_binomial_tail(20, 20, 0.5), pow(0.5, 20), 1e-12);
}

/* Equals on many traces, again and again: how often is anything significant among them?
 * Under normal noise in 5 % of repetitions, neither more nor less; where some processes
 * are disturbed, in no more. The bounds would be broken by chance once in 1,000. */
static void test_false_verdicts_keep_their_level(void **state)
{
    (void)state;
    enum {
        TRACES = 26,
        REPETITIONS = 2000,
    };
    const double tails[] = {0, 0.2};
    const size_t rounds[] = {5, 12};
    for (size_t i = 0; i < 4; i++) {
        uint64_t noise = 41 + i;
        size_t false_runs = 0;
        for (size_t repetition = 0; repetition < REPETITIONS; repetition++) {
            double p_values[TRACES];
            for (size_t trace = 0; trace < TRACES; trace++) {
                double ratios[SAMPLES];
                fill_ratios(ratios, rounds[i % 2], 0, 0.03, tails[i / 2], &noise);
                p_values[trace] = p_value_of(ratios, rounds[i % 2]);
            }
            size_t smallest = 0;
            for (size_t trace = 1; trace < TRACES; trace++) {
                smallest = p_values[trace] < p_values[smallest] ? trace : smallest;
            }
            false_runs += statistics_holm(p_values, TRACES, smallest) <= TIMING_LEVEL;
        }
        assert_true(statistics_binomial_tail(false_runs, REPETITIONS, TIMING_LEVEL) >
                    0.001);
        assert_true(tails[i / 2] > 0 ||
                    statistics_binomial_tail(REPETITIONS - false_runs, REPETITIONS,
                                             1 - TIMING_LEVEL) > 0.001);
    }
}

static double normal_below(double z)
{
    return erfc(-z * M_SQRT1_2) / 2;
}

/* How often a t-test of `count` values finds a mean of `effect` standard deviations at
 * the level that has the limit `t`: T is (Z + shift) / W with W^2 distributed as
 * chi-square / degrees; the probability that |T| > t for each W, summed over its
 * density. */
static double power_of_student(double effect, size_t count, double t)
{
    enum {
        STEPS = 2000
    };
    const double degrees = (double)(count - 1);
    const double shift = effect * sqrt((double)count);
    const double step = (1 + 12 / sqrt(degrees)) / STEPS;
    double weight_sum = 0;
    double sum = 0;
    for (int i = 0; i < STEPS; i++) {
        const double w = (i + 0.5) * step;
        const double weight = exp((degrees - 1) * log(w) - degrees * (w * w - 1) / 2);
        weight_sum += weight;
        sum += weight * (normal_below(shift - t * w) + normal_below(-shift - t * w));
    }
    return sum / weight_sum;
}

/* Simulated tests against the closed form: within 4 standard errors. */
static void test_power_is_that_of_student(void **state)
{
    (void)state;
    enum {
        TESTS = 4000
    };
    static const struct {
        double effect, spread, level;
        size_t count;
        double t; /* of that level, from a printed table */
    } rows[] = {{0.02, 0.02, 0.05, 5, 2.776},  {0.05, 0.03, 0.05, 5, 2.776},
                {0.05, 0.02, 0.002, 5, 7.173}, {0.01, 0.02, 0.05, 14, 2.160},
                {0, 0.02, 0.05, 5, 2.776},     {0.03, 0.02, 0.05, 2, 12.706}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t noise = 61 + i;
        size_t found = 0;
        for (size_t test = 0; test < TESTS; test++) {
            double ratios[SAMPLES];
            fill_ratios(ratios, rows[i].count, rows[i].effect, rows[i].spread, 0,
                        &noise);
            found += p_value_of(ratios, rows[i].count) <= rows[i].level;
        }
        const double power =
            power_of_student(rows[i].effect / rows[i].spread, rows[i].count, rows[i].t);
        const double error = sqrt(power * (1 - power) / TESTS);
        assert_true(power > 0 && power < 1);
        assert_true(fabs((double)found / TESTS - power) < 4 * error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_median_of_many),
        cmocka_unit_test(test_center_is_geometric_mean_of_medians),
        cmocka_unit_test(test_outliers_are_counted),
        cmocka_unit_test(test_ratios_pair_by_round),
        cmocka_unit_test(test_interval_repeats_with_its_seed),
        cmocka_unit_test(test_interval_of_equal_values_is_a_point),
        cmocka_unit_test(test_interval_is_of_95_pct),
        cmocka_unit_test(test_interval_covers_the_truth),
        cmocka_unit_test(test_rows_are_resampled_by_themselves),
        cmocka_unit_test(test_p_value_of_student),
        cmocka_unit_test(test_p_value_over_rows),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_share_interval),
        cmocka_unit_test(test_binomial_tail),
        cmocka_unit_test(test_false_verdicts_keep_their_level),
        cmocka_unit_test(test_power_is_that_of_student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
