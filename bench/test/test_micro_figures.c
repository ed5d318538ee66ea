/* Figures of the micro-benchmarks from a run made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/micro.h"

enum {
    GLIBC,
    SNUG,
    ALLOCATORS,
    ROUNDS = 5,
    KIB = 1024
};

static const struct allocator allocators[ALLOCATORS];
static struct micro_case cases[1];

/* snug takes half of glibc's time and memory; the worst operation differs by round. */
static struct micro_sample samples[ALLOCATORS][ROUNDS];
static struct micro_row rows[ALLOCATORS];
static struct micro_run run;

static int make_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALLOCATORS; i++) {
        for (uint32_t round = 0; round < ROUNDS; round++) {
            const uint64_t share = i == GLIBC ? 2 : 1;
            samples[i][round] = (struct micro_sample){
                .round = round,
                .measured = MICRO_HAS_TIME | MICRO_HAS_WORST | MICRO_HAS_PEAK,
                .ns_per_op = (double)(share * (10 + round)),
                .worst_op_ns = 900 - 100 * round,
                .peak_resident_bytes = (100 + share * 50) * KIB,
            };
        }
        rows[i] = (struct micro_row){.samples = samples[i], .count = ROUNDS};
    }
    run = (struct micro_run){
        .allocators = allocators,
        .allocator_count = ALLOCATORS,
        .reference_index = GLIBC,
        .cases = cases,
        .case_count = 1,
        .rows = rows,
        .base_bytes = 100 * KIB,
        .has_base = true,
    };
    return 0;
}

static void test_figures(void **state)
{
    (void)state;
    struct micro_figures *figures = micro_figures_create(&run);
    assert_non_null(figures);
    assert_float_equal(figures[SNUG].ns_per_op.value, 12, 1e-9);
    assert_float_equal(figures[SNUG].speed.ratio.value, 2, 1e-9);
    assert_int_equal(figures[SNUG].speed.verdict, VERDICT_FASTER);
    assert_int_equal(figures[GLIBC].speed.verdict, VERDICT_REFERENCE);
    assert_float_equal(figures[SNUG].worst_op_ns.value, 500, 1e-9); /* the least */
    assert_float_equal(figures[SNUG].peak_growth_bytes.value, 50 * KIB, 1e-9);
    assert_float_equal(figures[SNUG].peak_ratio.value, 0.5, 1e-9);
    assert_false(figures[SNUG].after_growth_bytes.present);
    assert_false(figures[SNUG].minor_faults.present);
    free(figures);
}

/* A ratio that scatters about 1.2 is clear by itself, and not among many cases that say
 * nothing. */
static void test_verdicts_are_corrected_over_cases(void **state)
{
    (void)state;
    enum {
        CASES = 30
    };
    static struct micro_case many_cases[CASES];
    static struct micro_sample many_samples[CASES][ALLOCATORS][ROUNDS];
    static struct micro_row many_rows[CASES * ALLOCATORS];
    static const double clear[ROUNDS] = {1.1, 1.3, 1.2, 1.15, 1.25};
    static const double unclear[ROUNDS] = {0.9, 1.1, 1, 0.95, 1.05};
    for (size_t i = 0; i < CASES; i++) {
        for (uint32_t round = 0; round < ROUNDS; round++) {
            const double ratio = i == 0 ? clear[round] : unclear[round];
            const struct micro_sample sample = {
                .round = round, .measured = MICRO_HAS_TIME, .ns_per_op = 10};
            many_samples[i][GLIBC][round] = sample;
            many_samples[i][SNUG][round] = sample;
            many_samples[i][SNUG][round].ns_per_op = 10 / ratio;
        }
        for (size_t j = 0; j < ALLOCATORS; j++) {
            many_rows[i * ALLOCATORS + j] =
                (struct micro_row){.samples = many_samples[i][j], .count = ROUNDS};
        }
    }
    run.cases = many_cases;
    run.rows = many_rows;
    run.case_count = 1;
    struct micro_figures *figures = micro_figures_create(&run);
    assert_non_null(figures);
    assert_int_equal(figures[SNUG].speed.verdict, VERDICT_FASTER);
    assert_true(figures[SNUG].speed.p_value.value < 0.05);
    free(figures);
    run.case_count = CASES;
    figures = micro_figures_create(&run);
    assert_non_null(figures);
    assert_int_equal(figures[SNUG].speed.verdict, VERDICT_SAME);
    assert_int_equal(figures[GLIBC].speed.verdict, VERDICT_REFERENCE);
    free(figures);
}

static void test_few_rounds_have_no_verdict(void **state)
{
    (void)state;
    rows[SNUG].count = ROUNDS - 1;
    struct micro_figures *figures = micro_figures_create(&run);
    assert_non_null(figures);
    assert_true(figures[SNUG].speed.ratio.present);
    assert_int_equal(figures[SNUG].speed.verdict, VERDICT_TOO_FEW);
    free(figures);
}

static void test_what_was_not_measured_is_absent(void **state)
{
    (void)state;
    run.has_base = false;
    rows[GLIBC].count = 0;
    struct micro_figures *figures = micro_figures_create(&run);
    assert_non_null(figures);
    assert_false(figures[GLIBC].ns_per_op.present);
    assert_int_equal(figures[GLIBC].speed.verdict, VERDICT_NONE);
    assert_true(figures[SNUG].ns_per_op.present);
    assert_int_equal(figures[SNUG].speed.verdict, VERDICT_NONE);
    assert_false(figures[SNUG].peak_growth_bytes.present);
    assert_false(figures[SNUG].peak_ratio.present);
    free(figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_figures, make_run),
        cmocka_unit_test_setup(test_verdicts_are_corrected_over_cases, make_run),
        cmocka_unit_test_setup(test_few_rounds_have_no_verdict, make_run),
        cmocka_unit_test_setup(test_what_was_not_measured_is_absent, make_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
