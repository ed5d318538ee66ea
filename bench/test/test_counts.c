/* Counters of the processor and callgrind. A machine without counters has those of the
 * kernel, which come the same way; without valgrind the tests of callgrind are skipped.
 */
#include "worker_case.h"

#include <errno.h>

#include "analysis/counts.h"
#include "runner/counters.h"
#include "runner/mode.h"

enum {
    BIG_PAGES = (64 << 20) / PAGE_BYTES, /* glibc maps it anew each time */
    PAIRS = 100000,
};

/* Three that every kernel counts, and two that are nobody's. */
static const struct counter_event software[COUNTER_COUNT] = {
    [COUNTER_INSTRUCTIONS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    [COUNTER_CYCLES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    [COUNTER_L1D_MISSES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ},
    [COUNTER_LLC_MISSES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_MAX},
    [COUNTER_DTLB_MISSES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_MAX},
};

static void skip_where_refused(void)
{
    const struct counters_look look = counters_look(software);
    if (!look.has_any) {
        print_message("perf_event_open is refused here\n");
        skip();
    }
}

/* One block of `first_bytes`, then small ones, each freed at once. */
static struct trace *make_pairs(size_t pairs, uint64_t first_bytes)
{
    static struct trace_op ops[2 * PAIRS];
    for (size_t i = 0; i < pairs; i++) {
        ops[2 * i] = (struct trace_op)MALLOC(1, 48);
        ops[2 * i + 1] = (struct trace_op)FREE(1);
    }
    ops[0].size_bytes = first_bytes & (TRACE_SIZE_LIMIT_BYTES - 1);
    return make_trace(ops, 2 * pairs);
}

static void counters_count_the_passes(void **state)
{
    (void)state;
    skip_where_refused();
    struct trace *trace = make_pairs(PAIRS, UINT64_C(64) << 20);
    struct job job = {.allocator = &glibc,
                      .trace = trace,
                      .mode = WORKER_COUNTERS,
                      .touch = TOUCH_PAGE,
                      .counter_events = software,
                      .timeout_ns = timeout_ns};
    job_run_all(&job, 1, 1);
    assert_int_equal(job.status, RESULT_OK);
    const uint64_t passes = job.record->pass_count;
    const struct counter_count *counters = job.record->counters;
    assert_int_equal(passes, 5); /* a million operations */
    const struct counter_count *faults = &counters[COUNTER_INSTRUCTIONS];
    assert_int_equal(faults->error, 0);
    assert_in_range(faults->count, passes * BIG_PAGES, passes * (BIG_PAGES + 16));
    assert_int_equal(faults->running_ns, faults->enabled_ns);
    assert_true(faults->running_ns > 0);
    assert_true(counters[COUNTER_CYCLES].count > 0);
    assert_int_equal(counters[COUNTER_L1D_MISSES].error, 0);
    assert_int_equal(counters[COUNTER_LLC_MISSES].error, ENOENT);
    assert_int_equal(counters[COUNTER_LLC_MISSES].count, 0);

    struct result result = {.status = RESULT_OK};
    double scratch[1];
    mode_table[WORKER_COUNTERS].take(&result, &job, 0);
    const struct count_figures figures =
        counts_figures(&result, trace->header->op_count, scratch);
    assert_true(figures.counters[COUNTER_INSTRUCTIONS].present);
    const double per_op = figures.counters[COUNTER_INSTRUCTIONS].value;
    assert_true(per_op >= BIG_PAGES / (2.0 * PAIRS));
    assert_true(per_op <= (BIG_PAGES + 16) / (2.0 * PAIRS));
    assert_true(figures.counters[COUNTER_L1D_MISSES].present);
    assert_false(figures.counters[COUNTER_LLC_MISSES].present);
    assert_false(figures.callgrind_instructions.present);
    free(result.counters.items);
    job_close(&job);
    trace_destroy(trace);
}

static void what_lacks_is_named(void **state)
{
    (void)state;
    skip_where_refused();
    const struct counters_look look = counters_look(software);
    assert_true(look.lacks_any);
    assert_string_equal(look.lacking, "LLC misses, dTLB misses");
    assert_int_equal(look.warning, WARNING_COUNTERS);
    const struct counter_event all[COUNTER_COUNT] = {
        {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
        {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
        {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
        {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
        {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    };
    assert_false(counters_look(all).lacks_any);
}

static void reasons_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(counters_warning(EACCES), WARNING_COUNTERS_REFUSED);
    assert_int_equal(counters_warning(EPERM), WARNING_COUNTERS_REFUSED);
    assert_int_equal(counters_warning(ENOSYS), WARNING_COUNTERS_KERNEL);
    assert_int_equal(counters_warning(ENOENT), WARNING_COUNTERS);
    assert_int_equal(counters_warning(EOPNOTSUPP), WARNING_COUNTERS);
}

/* Counters that take turns are scaled up; the median is of processes. */
static void shared_counters_are_scaled(void **state)
{
    (void)state;
    struct counter_sample samples[3] = {
        {.pass_count = 2,
         .counters = {{.count = 500, .enabled_ns = 4, .running_ns = 1}}},
        {.pass_count = 1,
         .counters = {{.count = 900, .enabled_ns = 1, .running_ns = 1}}},
        {.pass_count = 1,
         .counters = {{.count = 100, .enabled_ns = 1, .running_ns = 0}}},
    };
    const struct result result = {.counters = {.items = samples, .count = 3},
                                  .callgrind_instructions = 5000};
    double scratch[3];
    const struct count_figures figures = counts_figures(&result, 100, scratch);
    assert_true(figures.counters[0].present);
    assert_float_equal(figures.counters[0].value, (10 + 9) / 2.0, 1e-9);
    assert_false(figures.counters[1].present);
    assert_true(figures.callgrind_instructions.present);
    assert_float_equal(figures.callgrind_instructions.value, 50, 1e-9);
}

static uint64_t instructions_of(const struct trace *trace,
                                const struct allocator *allocator)
{
    struct result result = {.status = RESULT_OK};
    struct job job = run(trace, allocator, WORKER_CALLGRIND);
    if (job.status != RESULT_OK) {
        fail_msg("%s", job.status_text);
    }
    mode_table[WORKER_CALLGRIND].take(&result, &job, 0);
    job_close(&job);
    return result.callgrind_instructions;
}

/* Nothing but the pass is counted: twice the operations are twice the instructions.
 * The floor's library breaks whatever valgrind itself would do with it. */
static void callgrind_counts_the_pass(void **state)
{
    (void)state;
    if (!callgrind_is_there()) {
        print_message("valgrind is missing\n");
        skip();
    }
    const uint64_t op_count = 8000;
    struct trace *half = make_pairs(op_count / 4, 48);
    struct trace *whole = make_pairs(op_count / 2, 48);
    struct allocator *floor = tool_allocator("libsnugbench-floor.so");
    floor->is_floor = true;
    const uint64_t floor_half = instructions_of(half, floor);
    const uint64_t floor_whole = instructions_of(whole, floor);
    assert_in_range(floor_whole, 5 * op_count, 60 * op_count);
    assert_in_range(floor_whole, 2 * floor_half - floor_half / 20,
                    2 * floor_half + floor_half / 20);
    const uint64_t first = instructions_of(whole, &glibc);
    const uint64_t second = instructions_of(whole, &glibc);
    assert_true(first > floor_whole);
    assert_int_equal(first, second);
    trace_destroy(half);
    trace_destroy(whole);
}

static void snug_and_its_clock_are_repeatable(void **state)
{
    (void)state;
    if (!callgrind_is_there()) {
        skip();
    }
    struct trace *trace = make_mixed_trace();
    const struct allocator *snug = tool_allocator("libsnug.so");
    const uint64_t first = instructions_of(trace, snug);
    const uint64_t second = instructions_of(trace, snug);
    /* What is purged by the clock may fall here or there. */
    assert_in_range(second, first - first / 50, first + first / 50);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_count_the_passes),
        cmocka_unit_test(what_lacks_is_named),
        cmocka_unit_test(reasons_are_told_apart),
        cmocka_unit_test(shared_counters_are_scaled),
        cmocka_unit_test(callgrind_counts_the_pass),
        cmocka_unit_test(snug_and_its_clock_are_repeatable),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
