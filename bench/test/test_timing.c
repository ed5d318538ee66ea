/* Verdicts: who gets one, and how many of those that should. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/timing.h"
#include "noise.h"

enum {
    SAMPLES = 15,
    TRIALS = 300,
};

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

/* Clear differences survive the correction, and only they. */
static void test_correction_keeps_what_is_clear(void **state)
{
    (void)state;
    enum {
        TRACES = 26,
        SLOWER = 10,
    };
    uint64_t noise = 53;
    struct comparison comparisons[TRACES];
    struct comparison *pointers[TRACES];
    double scratch[TRACES];
    double ratios[5];
    for (size_t trace = 0; trace < TRACES; trace++) {
        const struct series row = {ratios, 5};
        fill_ratios(ratios, 5, trace < SLOWER ? log(1.5) : 0, 0.02, 0, &noise);
        comparisons[trace] = timing_compare(&row, 1, 0.02, scratch, trace);
        pointers[trace] = &comparisons[trace];
    }
    timing_correct(pointers, TRACES, scratch);
    for (size_t trace = 0; trace < TRACES; trace++) {
        assert_int_equal(comparisons[trace].verdict,
                         trace < SLOWER ? VERDICT_SLOWER : VERDICT_SAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_get_no_verdict),
        cmocka_unit_test(test_real_differences_are_seen),
        cmocka_unit_test(test_verdict_needs_size_interval_and_rounds),
        cmocka_unit_test(test_correction_keeps_what_is_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
