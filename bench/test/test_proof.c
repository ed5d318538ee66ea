/* The proof of the statistics, on simulated races. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/proof.h"

enum {
    TRACES = 6,
    REPETITIONS = 40,
    ROUNDS = 5,
    ROWS = TRACES * REPETITIONS,
};

struct simulation {
    double values[ROWS][ROUNDS];
    struct series rows[ROWS];
    struct proof_race race;
};

/* Normal noise; the subject takes 1 + `slow_down` times as long. */
static struct simulation *simulate(double slow_down, double spread, uint64_t seed)
{
    struct simulation *simulation = calloc(1, sizeof *simulation);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < ROUNDS; k++) {
            simulation->values[i][k] =
                exp(spread * statistics_random_normal(&seed)) / (1 + slow_down);
        }
        simulation->rows[i] = (struct series){simulation->values[i], ROUNDS};
    }
    simulation->race = (struct proof_race){simulation->rows, REPETITIONS, TRACES};
    return simulation;
}

static void test_equals(void **state)
{
    (void)state;
    struct simulation *simulation = simulate(0, 0.03, 1);
    struct proof *proof = proof_create(&simulation->race, 1);
    const struct proof_outcome outcome = proof_judge(proof, 0, 0);
    assert_int_equal(outcome.comparison_count, ROWS);
    assert_int_equal(outcome.repetition_count, REPETITIONS);
    /* 5 % of each, within what chance leaves. */
    assert_in_range(outcome.test_count, 1, ROWS * 11 / 100);
    assert_in_range(outcome.verdict_repetitions, 0, 7);
    assert_in_range(outcome.total_repetitions, 0, 7);
    assert_true(outcome.faster_count + outcome.slower_count <= outcome.single_count);
    assert_true(outcome.single_count <= outcome.test_count);
    assert_true(fabs(outcome.median_ratio - 1) < 0.01);
    assert_true(outcome.median_distance > 0.002 && outcome.median_distance < 0.03);
    proof_destroy(proof);
    free(simulation);
}

/* Two allocators that differ, called equal: the proof must not hold its tongue. */
static void test_false_verdicts_are_counted(void **state)
{
    (void)state;
    struct simulation *simulation = simulate(0.5, 0.02, 2);
    struct proof *proof = proof_create(&simulation->race, 1);
    const struct proof_outcome outcome = proof_judge(proof, 0, 0.02);
    assert_true(outcome.slower_count > ROWS * 99 / 100);
    assert_int_equal(outcome.faster_count, 0);
    assert_int_equal(outcome.verdict_repetitions, REPETITIONS);
    assert_int_equal(outcome.total_repetitions, REPETITIONS);
    assert_true(fabs(1 / outcome.median_ratio - 1.5) < 0.02);
    proof_destroy(proof);
    free(simulation);
}

/* What is stated from equals is what is found where the slow-down is real. */
static void test_stated_power_is_found(void **state)
{
    (void)state;
    const double slow_downs[] = {0.01, 0.02, 0.05, 0.10};
    struct simulation *equals = simulate(0, 0.02, 3);
    struct proof *equal = proof_create(&equals->race, 1);
    size_t found_before = 0;
    for (size_t i = 0; i < 4; i++) {
        struct simulation *slowed = simulate(slow_downs[i], 0.02, 10 + i);
        struct proof *slow = proof_create(&slowed->race, 1);
        const struct proof_outcome stated = proof_judge(equal, slow_downs[i], 0.02);
        const struct proof_outcome found = proof_judge(slow, 0, 0.02);
        /* Two shares of 240: 4 standard errors are 18 % at most. */
        assert_true(fabs((double)stated.test_count - (double)found.test_count) <
                    0.18 * ROWS);
        assert_true(fabs((double)stated.slower_count - (double)found.slower_count) <
                    0.18 * ROWS);
        assert_true(stated.slower_count >= found_before);
        found_before = stated.slower_count;
        proof_destroy(slow);
        free(slowed);
    }
    assert_true(found_before > ROWS / 2);
    proof_destroy(equal);
    free(equals);
}

/* In closed form a t-test of 5 values finds 80 % at 1.68 standard deviations, at 2.76
 * if the level is 5 % / 6, and Holm's correction is a little more generous than that.
 * The interval has its say, too. */
static void test_least_difference(void **state)
{
    (void)state;
    struct simulation *simulation = simulate(0, 0.02, 4);
    struct proof *proof = proof_create(&simulation->race, 1);
    const double single = proof_least_difference(proof, 0.001, true);
    const double of_all = proof_least_difference(proof, 0.001, false);
    assert_true(single > 1.4 * 0.02 && single < 2.1 * 0.02);
    assert_true(of_all > single && of_all < 3.3 * 0.02);
    /* No verdict is below the least effect. */
    assert_true(proof_least_difference(proof, 0.2, true) > 0.19);
    proof_destroy(proof);
    free(simulation);
}

static void test_what_failed_is_left_out(void **state)
{
    (void)state;
    struct simulation *simulation = simulate(0.5, 0.01, 5);
    for (size_t i = 0; i < ROWS; i += TRACES) {
        simulation->rows[i].count = 0;
    }
    struct proof *proof = proof_create(&simulation->race, 1);
    const struct proof_outcome outcome = proof_judge(proof, 0, 0.02);
    assert_int_equal(outcome.comparison_count, ROWS - REPETITIONS);
    assert_int_equal(outcome.total_repetitions, REPETITIONS);
    proof_destroy(proof);
    const struct proof_race none = {simulation->rows, 0, TRACES};
    proof = proof_create(&none, 1);
    assert_int_equal(proof_judge(proof, 0, 0.02).comparison_count, 0);
    proof_destroy(proof);
    free(simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals),
        cmocka_unit_test(test_false_verdicts_are_counted),
        cmocka_unit_test(test_stated_power_is_found),
        cmocka_unit_test(test_least_difference),
        cmocka_unit_test(test_what_failed_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
