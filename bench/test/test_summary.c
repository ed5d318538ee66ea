#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/footprint.h"
#include "analysis/summary.h"
#include "handmade.h"

static const struct summary_options options = {.warm_effect = 0.02,
                                               .cold_effect = 0.20};

static struct summary *summarise(const struct run *run)
{
    struct summary *summary = summary_create(run, options);
    assert_non_null(summary);
    return summary;
}

static void assert_figure(struct figure figure, double value)
{
    assert_true(figure.present);
    assert_float_equal(figure.value, value, 1e-9);
}

static void test_times(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct summary *summary = summarise(run);
    const struct cell *snug = summary_cell(summary, 0, HANDMADE_SNUG);
    const struct cell *glibc = summary_cell(summary, 0, HANDMADE_GLIBC);
    assert_true(snug->warm.ns_per_op.present);
    assert_float_equal(snug->warm.ns_per_op.value, 10, 1e-9);
    assert_true(snug->warm.ns_per_op.low >= 9.997 &&
                snug->warm.ns_per_op.high <= 10.003);
    assert_float_equal(snug->warm_mops.value, 100, 1e-9);
    assert_true(snug->warm_mops.low <= 100 && snug->warm_mops.high >= 100);
    assert_float_equal(snug->cold.ns_per_op.value, 50, 1e-9);
    assert_float_equal(snug->warm.against_reference.ratio.value, 2, 1e-6);
    assert_int_equal(snug->warm.against_reference.verdict, VERDICT_FASTER);
    assert_int_equal(glibc->warm.against_reference.verdict, VERDICT_REFERENCE);
    assert_figure(snug->cold_minor_faults_per_pass, 103);
    assert_figure(snug->warm_minor_faults_per_pass, 10.3);
    assert_figure(snug->warm.outlier_count, 0);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_threads(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct summary *summary = summarise(run);
    const struct thread_figures *flat =
        &summary_cell(summary, 0, HANDMADE_SNUG)->threads;
    assert_false(flat->wall_ns.present || flat->flat_ns_per_op.present ||
                 flat->scaling.present);
    const struct thread_figures *snug =
        &summary_cell(summary, 1, HANDMADE_SNUG)->threads;
    assert_figure(snug->wall_ns, 10 * HANDMADE_OPS);
    assert_figure(snug->cpu_ns, 15 * HANDMADE_OPS);
    assert_figure(snug->waited_ns, 2.5 * HANDMADE_OPS);
    assert_float_equal(snug->flat_ns_per_op.value, 30, 1e-9);
    assert_float_equal(snug->scaling.value, 3, 1e-9);
    assert_true(snug->scaling.low < 3 && snug->scaling.high > 3);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* Threads reach a peak of their own; utilization is counted with that. */
static void test_utilization_is_of_the_replayed_peak(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    handmade_result(run, 1, HANDMADE_SNUG)->memory.peak_live_bytes = HANDMADE_LIVE / 2;
    struct summary *summary = summarise(run);
    assert_figure(summary_cell(summary, 1, HANDMADE_SNUG)->memory.utilization, 0.4);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_memory_is_growth_over_the_floor(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct summary *summary = summarise(run);
    const struct memory_figures *glibc =
        &summary_cell(summary, 0, HANDMADE_GLIBC)->memory;
    const struct memory_figures *snug =
        &summary_cell(summary, 0, HANDMADE_SNUG)->memory;
    assert_figure(glibc->utilization, 0.5);
    assert_figure(snug->utilization, 0.8);
    assert_figure(snug->utilization_from_first_op, 0.8);
    assert_figure(snug->peak_resident_growth_bytes, 1.25 * (1 << 20));
    /* Accessible is twice, reserved four times the peak. */
    assert_figure(glibc->mapped_utilization, 0.25);
    assert_figure(glibc->peak_reserved_growth_bytes, 4 * (2 << 20));
    /* The growth is 1.25 MiB. */
    assert_figure(snug->live_at_resident_peak_bytes, 0.75 * (1 << 20));
    assert_figure(snug->internal_at_resident_peak_bytes, 1 << 14);
    assert_figure(snug->external_at_resident_peak_bytes, (1 << 19) - (1 << 14));
    assert_figure(snug->resident_after_free_growth_bytes, 1.25 * (1 << 20));
    assert_figure(snug->resident_after_second_growth_bytes, 0);
    assert_false(summary_cell(summary, 0, HANDMADE_FLOOR)->memory.utilization.present);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* The tracer sees the end of a plateau; a sample on it has more blocks live. */
static void test_the_peak_is_a_plateau(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct memory_profile *memory = &handmade_result(run, 0, HANDMADE_SNUG)->memory;
    memory->samples[1].resident_bytes = memory->peaks.resident_bytes - 8192;
    struct summary *summary = summarise(run);
    const struct memory_figures *snug =
        &summary_cell(summary, 0, HANDMADE_SNUG)->memory;
    assert_figure(snug->live_at_resident_peak_bytes, HANDMADE_LIVE);
    assert_figure(snug->internal_at_resident_peak_bytes, HANDMADE_LIVE / 64.0);
    assert_figure(snug->external_at_resident_peak_bytes, HANDMADE_LIVE * 15 / 64.0);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* Samples alone would step over a peak. */
static void test_no_peaks_without_the_tracer(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    handmade_result(run, 0, HANDMADE_GLIBC)->memory.peaks.measured = false;
    struct summary *summary = summarise(run);
    const struct memory_figures *glibc =
        &summary_cell(summary, 0, HANDMADE_GLIBC)->memory;
    assert_false(glibc->utilization.present);
    assert_false(glibc->utilization_from_first_op.present);
    assert_false(glibc->mapped_utilization.present);
    assert_false(glibc->peak_resident_growth_bytes.present);
    assert_false(glibc->peak_reserved_growth_bytes.present);
    assert_false(glibc->live_at_resident_peak_bytes.present);
    assert_false(glibc->internal_at_resident_peak_bytes.present);
    assert_false(glibc->external_at_resident_peak_bytes.present);
    assert_true(glibc->resident_after_free_growth_bytes.present);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_not_measured_is_absent(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct result *snug = handmade_result(run, 0, HANDMADE_SNUG);
    snug->memory.measured = false;
    snug->warm.count = 0;
    snug->syscalls.measured = false;
    struct summary *summary = summarise(run);
    const struct cell *cell = summary_cell(summary, 0, HANDMADE_SNUG);
    assert_false(cell->warm.ns_per_op.present);
    assert_false(cell->warm_mops.present);
    assert_false(cell->warm.against_reference.ratio.present);
    assert_int_equal(cell->warm.against_reference.verdict, VERDICT_NONE);
    assert_false(cell->memory.utilization.present);
    assert_false(cell->memory.utilization_from_first_op.present);
    assert_false(cell->memory.mapped_utilization.present);
    assert_false(cell->memory.external_at_resident_peak_bytes.present);
    assert_false(cell->memory.resident_after_free_growth_bytes.present);
    assert_false(cell->syscalls[PHASE_START_UP].present);
    assert_true(cell->cold.ns_per_op.present);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_without_a_floor(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    run->floor_index = SIZE_MAX;
    struct summary *summary = summarise(run);
    const struct memory_figures *snug =
        &summary_cell(summary, 0, HANDMADE_SNUG)->memory;
    assert_false(snug->utilization.present);
    assert_false(snug->mapped_utilization.present);
    assert_figure(snug->utilization_from_first_op, 0.8);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* A failed row has no figures, and its trace counts for nobody's total. */
static void test_failure_takes_the_trace_from_all_totals(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct result *failed = handmade_result(run, 1, HANDMADE_SNUG);
    failed->status = RESULT_VERIFY_FAILED;
    /* Would double glibc's speed if it counted. */
    struct timing_samples *warm = &handmade_result(run, 1, HANDMADE_GLIBC)->warm;
    for (size_t i = 0; i < warm->count; i++) {
        warm->items[i].best_pass_ns /= 4;
    }
    struct summary *summary = summarise(run);
    assert_false(summary_cell(summary, 1, HANDMADE_SNUG)->warm.ns_per_op.present);
    assert_false(summary_cell(summary, 1, HANDMADE_SNUG)->memory.utilization.present);
    assert_int_equal(summary->warm_trace_count, 1);
    assert_int_equal(summary->totals[HANDMADE_SNUG].failed_count, 1);
    assert_float_equal(summary->totals[HANDMADE_GLIBC].warm_mops.value, 50, 1e-6);
    assert_figure(summary->totals[HANDMADE_GLIBC].syscalls[PHASE_REPLAY], 30);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_totals(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct timing_samples *warm = &handmade_result(run, 1, HANDMADE_SNUG)->warm;
    for (size_t i = 0; i < warm->count; i++) {
        warm->items[i].best_pass_ns *= 4; /* 40 ns: half glibc's speed */
    }
    /* The second trace's peak: 1.6 MiB over the floor's 4. */
    handmade_result(run, 1, HANDMADE_SNUG)->memory.peaks.resident_bytes =
        (4 << 20) + (1 << 20) / 5 * 8;
    struct summary *summary = summarise(run);
    const struct total *snug = &summary->totals[HANDMADE_SNUG];
    assert_float_equal(snug->warm_mops.value, 50, 1e-6);
    assert_float_equal(snug->warm.ratio.value, 1, 1e-3);
    assert_int_equal(snug->warm.verdict, VERDICT_SAME);
    assert_int_equal(snug->faster_count, 1);
    assert_int_equal(snug->slower_count, 1);
    assert_float_equal(snug->mean_utilization.value, (0.8 + 0.625) / 2, 1e-5);
    assert_float_equal(snug->worst_utilization.value, 0.625, 1e-5);
    assert_int_equal(snug->worst_utilization_trace, 1);
    assert_figure(snug->syscalls[PHASE_START_UP], 2 * (1 + 8));
    assert_figure(snug->syscalls[PHASE_REPLAY], 2 * 3);
    assert_figure(snug->syscalls[PHASE_TEARDOWN], 2 * 2);
    assert_int_equal(summary->totals[HANDMADE_FLOOR].warm.verdict, VERDICT_NONE);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* The growth is 1.25 MiB on each trace. A trace on which one allocator lacks a figure
 * is left out for all. */
static void test_means_are_over_shared_traces(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    handmade_result(run, 1, HANDMADE_SNUG)->memory.peaks.resident_bytes =
        (4 << 20) + (5 << 19);
    struct summary *summary = summarise(run);
    const struct total *snug = &summary->totals[HANDMADE_SNUG];
    assert_figure(snug->parts[MEMORY_LIVE], (0.6 + 0.3) / 2);
    assert_figure(snug->parts[MEMORY_INTERNAL], (0.0125 + 0.00625) / 2);
    assert_figure(snug->parts[MEMORY_EXTERNAL], (0.3875 + 0.69375) / 2);
    assert_figure(snug->parts[MEMORY_AFTER_FREE], (1 + 0.5) / 2);
    assert_figure(snug->parts[MEMORY_AFTER_SECOND], 0);
    assert_false(summary->totals[HANDMADE_FLOOR].parts[MEMORY_LIVE].present);
    assert_int_equal(summary->counters_trace_count, 2);
    assert_figure(snug->counts.counters[COUNTER_INSTRUCTIONS], 80);
    assert_figure(snug->counts.counters[COUNTER_CYCLES], 40);
    assert_false(snug->counts.counters[COUNTER_LLC_MISSES].present);
    assert_figure(snug->counts.callgrind_instructions, 70);
    assert_figure(summary->totals[HANDMADE_FLOOR].counts.callgrind_instructions, 14);
    summary_destroy(summary);
    handmade_result(run, 1, HANDMADE_GLIBC)->memory.knows_internal = false;
    handmade_result(run, 1, HANDMADE_GLIBC)->callgrind_instructions = 0;
    summary = summarise(run);
    snug = &summary->totals[HANDMADE_SNUG];
    assert_figure(snug->parts[MEMORY_INTERNAL], 0.0125);
    assert_figure(snug->parts[MEMORY_LIVE], (0.6 + 0.3) / 2);
    assert_int_equal(summary->callgrind_trace_count, 1);
    assert_int_equal(summary->counters_trace_count, 2);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* Weak evidence (p between 2.5 and 5 %) makes a verdict on one trace alone, and none
 * among two. */
static void test_verdicts_are_corrected_for_the_traces(void **state)
{
    (void)state;
    static const double ratios[HANDMADE_ROUNDS] = {1.03, 1.03, 1.03, 1.03,
                                                   1.02, 1.16, 1.05};
    struct run *run = handmade_create();
    for (size_t i = 0; i < HANDMADE_ROUNDS; i++) {
        const struct timing_samples *glibc =
            &handmade_result(run, 0, HANDMADE_GLIBC)->warm;
        const struct timing_samples *snug =
            &handmade_result(run, 0, HANDMADE_SNUG)->warm;
        snug->items[i].best_pass_ns =
            (uint64_t)((double)glibc->items[i].best_pass_ns / ratios[i]);
        handmade_result(run, 1, HANDMADE_SNUG)->warm.items[i].best_pass_ns =
            handmade_result(run, 1, HANDMADE_GLIBC)->warm.items[6 - i].best_pass_ns;
    }
    struct summary *both = summarise(run);
    const struct comparison *first =
        &summary_cell(both, 0, HANDMADE_SNUG)->warm.against_reference;
    assert_true(first->p_value.present);
    assert_true(first->p_value.value > 0.025 && first->p_value.value < 0.05);
    assert_int_equal(first->verdict, VERDICT_SAME);
    assert_int_equal(both->totals[HANDMADE_SNUG].faster_count, 0);
    summary_destroy(both);
    run->trace_count = 1;
    struct summary *alone = summarise(run);
    assert_int_equal(
        summary_cell(alone, 0, HANDMADE_SNUG)->warm.against_reference.verdict,
        VERDICT_FASTER);
    summary_destroy(alone);
    run->trace_count = HANDMADE_TRACES;
    handmade_destroy(run);
}

static void test_utilization_rule(void **state)
{
    (void)state;
    const struct figure none = {.present = false};
    const struct figure zero = {.value = 0, .present = true};
    const struct figure negative = {.value = -4096, .present = true};
    const struct figure page = {.value = 4096, .present = true};
    const struct figure large = {.value = 1 << 20, .present = true};
    assert_false(footprint_utilization(100, none).present);
    assert_false(footprint_utilization(100, zero).present);
    assert_false(footprint_utilization(100, negative).present);
    assert_false(footprint_utilization(0, page).present);
    assert_figure(footprint_utilization(1024, page), 0.25);
    assert_figure(footprint_utilization(8192, page), 1);         /* within the noise */
    assert_false(footprint_utilization(2 << 20, large).present); /* a wrong heap */
}

static void test_empty_run(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    const size_t traces = run->trace_count;
    run->trace_count = 0;
    struct summary *summary = summarise(run);
    assert_false(summary->totals[HANDMADE_SNUG].warm_mops.present);
    assert_false(summary->totals[HANDMADE_SNUG].mean_utilization.present);
    assert_false(summary->totals[HANDMADE_SNUG].syscalls[PHASE_REPLAY].present);
    summary_destroy(summary);
    run->trace_count = traces;
    handmade_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_utilization_is_of_the_replayed_peak),
        cmocka_unit_test(test_memory_is_growth_over_the_floor),
        cmocka_unit_test(test_the_peak_is_a_plateau),
        cmocka_unit_test(test_no_peaks_without_the_tracer),
        cmocka_unit_test(test_not_measured_is_absent),
        cmocka_unit_test(test_without_a_floor),
        cmocka_unit_test(test_failure_takes_the_trace_from_all_totals),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_means_are_over_shared_traces),
        cmocka_unit_test(test_verdicts_are_corrected_for_the_traces),
        cmocka_unit_test(test_utilization_rule),
        cmocka_unit_test(test_empty_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
