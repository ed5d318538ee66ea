/* Histograms against sorted values, and the latency pass against an allocator that is
 * known to be slow now and then. */
#include "worker_case.h"

#include "analysis/latency.h"
#include "runner/mode.h"

enum {
    VALUES = 200000,
    SLOW_NS = 50000, /* as bench/test/broken/slow.c has it */
    TICKS = 2000000, /* of a handmade profile, in as many ns */
};

/* Every bucket begins where the one before ends, and holds what begins in it. */
static void buckets_leave_no_gap(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket_low(0), 0);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_low(i);
        uint64_t end = histogram_bucket_low(i + 1);
        assert_true(end > low);
        assert_int_equal(histogram_bucket(low), i);
        assert_int_equal(histogram_bucket(end - 1), i);
        /* The middle is within 1/64 of every value in it. */
        assert_true((end - 1 - low) * 32 <= low);
    }
    assert_int_equal(histogram_bucket_low(HISTOGRAM_BUCKETS),
                     UINT64_C(1) << HISTOGRAM_VALUE_BITS);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* All magnitudes from 1 to 2^30. */
static void percentiles_are_those_of_the_sorted_values(void **state)
{
    (void)state;
    static uint64_t values[VALUES];
    static struct histogram histogram;
    static const uint64_t one_in[] = {2, 3, 10, 100, 1000, 10000, 100000};
    uint64_t random = 1;
    for (size_t i = 0; i < VALUES; i++) {
        uint64_t limit = UINT64_C(2) << next_random(&random) % 30;
        values[i] = 1 + next_random(&random) % limit;
        histogram_add(&histogram, values[i]);
    }
    qsort(values, VALUES, sizeof *values, compare);
    for (size_t i = 0; i < COUNT_OF(one_in); i++) {
        size_t rank = VALUES - VALUES / one_in[i];
        double exact = (double)values[rank - 1];
        double found = histogram_percentile(&histogram, one_in[i]);
        assert_true(found >= exact * 63 / 64 && found <= exact * 65 / 64);
    }
    assert_int_equal(histogram.count, VALUES);
    assert_int_equal(histogram.max, values[VALUES - 1]);
}

static void classes_are_by_bytes_asked_for(void **state)
{
    (void)state;
    static const uint64_t last[] = {64, 512, 4096, 131072};
    assert_int_equal(latency_class_of(0), LATENCY_TO_64_B);
    for (size_t i = 0; i < COUNT_OF(last); i++) {
        assert_int_equal(latency_class_of(last[i]), i);
        assert_int_equal(latency_class_of(last[i] + 1), i + 1);
    }
    assert_int_equal(latency_class_of(UINT64_MAX), LATENCY_LARGER);
}

/* A percentile that would rest on fewer than ten operations is absent; the largest
 * value is not. */
static void few_operations_have_no_high_percentile(void **state)
{
    (void)state;
    static struct histogram histogram;
    static struct latency latency;
    struct latency_profile profile = {.ticks = TICKS, .ns = TICKS / 2};
    profile.operations[LATENCY_FREE][LATENCY_LARGER] = &histogram;
    for (uint64_t i = 1; i <= 999; i++) {
        histogram_add(&histogram, 40);
    }
    latency_add(&latency, &profile, LATENCY_FREE, LATENCY_CLASS_COUNT);
    assert_true(latency_percentile_ns(&latency, 10).present);
    assert_false(latency_percentile_ns(&latency, 100).present);
    assert_true(latency_max_ns(&latency).present);
    /* Two ticks are a nanosecond. */
    assert_true(latency_percentile_ns(&latency, 2).value == 20);
    histogram_add(&histogram, 40);
    latency_add(&latency, &profile, LATENCY_FREE, LATENCY_LARGER);
    assert_true(latency_percentile_ns(&latency, 100).present);
    latency = (struct latency){.ticks = 0};
    latency_add(&latency, &profile, LATENCY_MALLOC, LATENCY_CLASS_COUNT);
    assert_false(latency_max_ns(&latency).present);
}

/* The profile of one process; the caller closes the job. */
static struct job measure(const struct trace *trace, const struct allocator *allocator,
                          struct result *result)
{
    struct job job = run(trace, allocator, WORKER_LATENCY);
    assert_int_equal(job.status, RESULT_OK);
    *result = (struct result){.status = RESULT_OK};
    mode_table[WORKER_LATENCY].take(result, &job, 0);
    assert_true(latency_is_measured(result));
    return job;
}

static struct latency all_of(const struct result *result, enum latency_kind kind)
{
    struct latency latency = {.ticks = 0};
    latency_add(&latency, &result->latency, kind, LATENCY_CLASS_COUNT);
    return latency;
}

/* Once each, under its own name, in each pass. */
static void every_operation_is_counted(void **state)
{
    (void)state;
    static const struct {
        enum latency_kind latency;
        enum trace_op_kind trace;
    } kinds[] = {{LATENCY_MALLOC, TRACE_MALLOC},
                 {LATENCY_CALLOC, TRACE_CALLOC},
                 {LATENCY_REALLOC, TRACE_REALLOC},
                 {LATENCY_ALIGNED, TRACE_MEMALIGN},
                 {LATENCY_FREE, TRACE_FREE}};
    struct trace *trace = make_mixed_trace();
    struct result result;
    struct job job = measure(trace, &glibc, &result);
    const uint64_t passes = job.record->pass_count;
    assert_int_equal(passes, 200000 / MIXED_OPS);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct latency latency = all_of(&result, kinds[i].latency);
        assert_int_equal(latency.operations.count,
                         passes * trace->header->kind_counts[kinds[i].trace]);
    }
    job_close(&job);
    trace_destroy(trace);
}

/* A block is freed in the class that it was asked for in. */
static void frees_have_the_class_of_their_block(void **state)
{
    (void)state;
    const struct trace_op ops[] = {MALLOC(1, 64),
                                   MALLOC(2, 65),
                                   MALLOC(3, 4096),
                                   MALLOC(4, 4097),
                                   CALLOC(5, 2, 65537),
                                   REALLOC(1, 512),
                                   FREE(1),
                                   FREE(2),
                                   FREE(3),
                                   FREE(4),
                                   FREE(5)};
    static const uint64_t frees[LATENCY_CLASS_COUNT] = {0, 2, 1, 1, 1};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct result result;
    struct job job = measure(trace, &glibc, &result);
    for (size_t i = 0; i < LATENCY_CLASS_COUNT; i++) {
        const struct histogram *found = result.latency.operations[LATENCY_FREE][i];
        assert_int_equal(found != NULL ? found->count : 0,
                         frees[i] * job.record->pass_count);
    }
    job_close(&job);
    trace_destroy(trace);
}

static void rare_slowness_shows_in_its_percentiles(void **state)
{
    (void)state;
    struct trace *trace = make_mixed_trace();
    struct result result;
    struct job job = measure(trace, broken_allocator("slow"), &result);
    struct latency mallocs = all_of(&result, LATENCY_MALLOC);
    struct latency frees = all_of(&result, LATENCY_FREE);
    /* Two in a hundred: beyond 98 %, and of malloc alone. */
    const double slow_ns = SLOW_NS * 63.0 / 64;
    assert_true(latency_percentile_ns(&mallocs, 10).value < slow_ns);
    assert_true(latency_percentile_ns(&mallocs, 100).value >= slow_ns);
    assert_true(latency_percentile_ns(&mallocs, 1000).value >= slow_ns);
    assert_true(latency_max_ns(&mallocs).value >= slow_ns);
    assert_true(latency_percentile_ns(&frees, 100).value < slow_ns);
    /* The clock's own price is stated, and within every figure. */
    struct figure clock_ns = latency_clock_ns(&mallocs);
    assert_true(clock_ns.present);
    assert_true(clock_ns.value > 0 && clock_ns.value < slow_ns);
    job_close(&job);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_leave_no_gap),
        cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
        cmocka_unit_test(classes_are_by_bytes_asked_for),
        cmocka_unit_test(few_operations_have_no_high_percentile),
        cmocka_unit_test(every_operation_is_counted),
        cmocka_unit_test(frees_have_the_class_of_their_block),
        cmocka_unit_test(rare_slowness_shows_in_its_percentiles),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
