#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/statistics.h"
#include "analysis/timing.h"

enum {
    SAMPLES = 15,
    TRIALS = 300,
    ROWS = 16,
};

static double uniform(uint64_t *state)
{
    return (double)(statistics_random(state) >> 11) * 0x1p-53;
}

/* Near normal (a sum of 12), around `middle` with spread `sigma`. */
static void fill_noisy(double *values, size_t count, double middle, double sigma,
                       uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int k = 0; k < 12; k++) {
            sum += uniform(state);
        }
        values[i] = middle + sigma * (sum - 6);
    }
}

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

static enum verdict race(double ours, size_t rounds, uint64_t *noise, uint64_t seed)
{
    double reference[SAMPLES];
    double subject[SAMPLES];
    double ratios[SAMPLES];
    double scratch[SAMPLES];
    fill_noisy(reference, rounds, 100, 2.6, noise);
    fill_noisy(subject, rounds, ours, 2.6, noise);
    for (size_t i = 0; i < rounds; i++) {
        ratios[i] = reference[i] / subject[i];
    }
    const struct series row = {.values = ratios, .count = rounds};
    return timing_verdict(timing_estimate(&row, 1, scratch, seed), rounds, 0.02);
}

/* An allocator against itself, at the spread measured between processes (2.6 %). */
static void test_equals_get_no_verdict(void **state)
{
    (void)state;
    const size_t rounds[] = {SUMMARY_VERDICT_ROUNDS, 7, SAMPLES};
    for (size_t i = 0; i < 3; i++) {
        uint64_t noise = 17 + i;
        int false_alarms = 0;
        for (uint64_t trial = 0; trial < TRIALS; trial++) {
            false_alarms += race(100, rounds[i], &noise, trial) != VERDICT_SAME;
        }
        assert_in_range(false_alarms, 0, TRIALS * 6 / 100);
    }
}

static void test_real_differences_are_seen(void **state)
{
    (void)state;
    uint64_t noise = 23;
    int faster = 0;
    int slower = 0;
    for (uint64_t trial = 0; trial < 100; trial++) {
        faster += race(90, 7, &noise, trial) == VERDICT_FASTER;
        slower += race(110, 7, &noise, trial) == VERDICT_SLOWER;
    }
    assert_in_range(faster, 90, 100);
    assert_in_range(slower, 90, 100);
}

static void test_verdict_needs_size_interval_and_rounds(void **state)
{
    (void)state;
    const struct estimate clear = {1.10, 1.08, 1.12, true};
    const struct estimate small = {1.01, 1.005, 1.015, true};
    const struct estimate unsure = {1.10, 0.99, 1.20, true};
    const struct estimate below = {0.90, 0.88, 0.92, true};
    const struct estimate absent = {.present = false};
    assert_int_equal(timing_verdict(clear, 5, 0.02), VERDICT_FASTER);
    assert_int_equal(timing_verdict(clear, 4, 0.02), VERDICT_TOO_FEW);
    assert_int_equal(timing_verdict(clear, 5, 0.20), VERDICT_SAME);
    assert_int_equal(timing_verdict(small, 5, 0.02), VERDICT_SAME);
    assert_int_equal(timing_verdict(unsure, 5, 0.02), VERDICT_SAME);
    assert_int_equal(timing_verdict(below, 5, 0.02), VERDICT_SLOWER);
    assert_int_equal(timing_verdict(absent, 5, 0.02), VERDICT_NONE);
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
        cmocka_unit_test(test_equals_get_no_verdict),
        cmocka_unit_test(test_real_differences_are_seen),
        cmocka_unit_test(test_verdict_needs_size_interval_and_rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
