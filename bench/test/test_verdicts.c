/* How often compare's verdicts are wrong, and how often they find what is there:
 * simulated comparisons, with the seeds and so the results always the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "analysis/compare.h"
#include "analysis/statistics.h"

enum {
    EQUAL_STUDIES = 60,
    SLOWER_STUDIES = 30,
    SIMULATED_ROUNDS = 20,
    SIMULATED_CANDIDATES = 4,
};

/* Noise as times have it: sums of four draws, now and then one much slower. */
static double draw(uint64_t *state)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (double)(statistics_random(state) >> 11) * 0x1p-53 - 0.5;
    }
    const double slow = statistics_random(state) % 20 == 0 ? 0.1 : 0;
    return 1 + 0.03 * sum + slow;
}

/* A study as compare makes one: it looks after every round from the fifth, and stops
 * when it is decided. Whether one of the others has a verdict at its end. */
static bool finds_difference(uint64_t seed, double slowdown, double effect)
{
    static struct live_time times[SIMULATED_CANDIDATES][SIMULATED_ROUNDS];
    struct candidate candidates[SIMULATED_CANDIDATES];
    struct study study = {.candidates = candidates, .count = SIMULATED_CANDIDATES};
    bool found = false;
    for (size_t i = 0; i < SIMULATED_CANDIDATES; i++) {
        candidates[i] = (struct candidate){.times = times[i]};
    }
    while (study.round_count < SIMULATED_ROUNDS &&
           (study.round_count < SUMMARY_VERDICT_ROUNDS ||
            !compare_is_decided(&study, effect))) {
        for (size_t i = 0; i < SIMULATED_CANDIDATES; i++) {
            const double factor = i == 1 ? slowdown : 1;
            times[i][study.round_count] = (struct live_time){
                .round = study.round_count, .score = factor * draw(&seed)};
            candidates[i].time_count++;
        }
        study.round_count++;
    }
    struct compare_summary *summary = compare_create(&study, effect);
    assert_non_null(summary);
    for (size_t i = 1; i < SIMULATED_CANDIDATES; i++) {
        const enum verdict verdict = summary->rows[i].speed.verdict;
        found = found || verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
    }
    compare_destroy(summary);
    return found;
}

static int count_found(uint64_t studies, double slowdown, double effect)
{
    int found = 0;
    for (uint64_t seed = 1; seed <= studies; seed++) {
        found += finds_difference(seed, slowdown, effect);
    }
    return found;
}

/* One of twenty studies may err, whatever it is asked: sixty with more than seven
 * would come once in a hundred times. The effect is small here, so that it does not
 * help. */
static void test_equal_allocators_are_seldom_different(void **state)
{
    (void)state;
    const int found = count_found(EQUAL_STUDIES, 1, 0.001);
    print_message("# equal allocators: %d of %d studies with a verdict\n", found,
                  EQUAL_STUDIES);
    assert_true(found <= 7);
}

static void test_a_slower_one_is_found(void **state)
{
    (void)state;
    const int found = count_found(SLOWER_STUDIES, 1.06, 0.02);
    print_message("# slower by 6 %%: found in %d of %d studies\n", found,
                  SLOWER_STUDIES);
    assert_true(found >= 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_allocators_are_seldom_different),
        cmocka_unit_test(test_a_slower_one_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
