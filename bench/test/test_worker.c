/* The worker against allocators that are known to be broken, and to be good. */
#include "worker_case.h"

#include "process/output.h"
#include "runner/allocators.h"

enum {
    BROKEN_BYTES = 1000, /* as in broken/libc.h */
    INNER_BYTES = 100,
    HANG_TIMEOUT_NS = 2000 * 1000 * 1000, /* a loaded machine begins late */
};

struct fault {
    const char *library;
    struct trace_op ops[6];
    size_t op_count;
    uint64_t failed_op;
    const char *says; /* part of the message */
};

#define OPS(...)                                                                       \
    .ops = {__VA_ARGS__}, .op_count = COUNT_OF(((struct trace_op[]){__VA_ARGS__}))

static const struct fault faults[] = {
    {"overlap", OPS(MALLOC(1, 8), MALLOC(2, BROKEN_BYTES), MALLOC(3, BROKEN_BYTES)), 3,
     "operation 3: malloc(1000) returned 0x"},
    {"overlap",
     OPS(MALLOC(1, BROKEN_BYTES), MALLOC(2, 50), FREE(2), MALLOC(3, BROKEN_BYTES)), 4,
     "overlaps the live block 0x"},
    /* around a live block, and within one */
    {"enclose", OPS(MALLOC(1, INNER_BYTES), MALLOC(2, 8), MALLOC(3, BROKEN_BYTES)), 3,
     "+100 of slot 1"},
    {"enclose", OPS(MALLOC(1, BROKEN_BYTES), MALLOC(2, INNER_BYTES)), 2,
     "+1000 of slot 1"},
    {"misalign", OPS(MALLOC(1, 999), MALLOC(2, BROKEN_BYTES)), 2,
     "which is not aligned to 16"},
    {"misalign", OPS(MALLOC(1, 999), FREE(1), MEMALIGN(1, 12, BROKEN_BYTES)), 3,
     "operation 3: memalign(4096, 1000) returned 0x"},
    {"forget", OPS(MALLOC(1, 99), REALLOC(1, 98), MALLOC(2, 100), REALLOC(2, 1000)), 4,
     "which has lost byte 99 of the old 100"},
    /* in place: seen at once, not when the block is freed */
    {"forget_tail",
     OPS(MALLOC(1, 101 * (uint64_t)BROKEN_BYTES),
         REALLOC(1, 100 * (uint64_t)BROKEN_BYTES)),
     2, "which has lost byte 99999 of the old 101000"},
    {"dirty_calloc", OPS(CALLOC(1, 10, 99), CALLOC(2, 10, 100)), 2,
     "operation 2: calloc(10, 100) returned 0x"},
    {"dirty_calloc", OPS(CALLOC(1, 1, BROKEN_BYTES)), 1, "whose byte 999 is not zero"},
    {"short_usable", OPS(MALLOC(1, BROKEN_BYTES - 1), MALLOC(2, BROKEN_BYTES)), 2,
     "whose usable size is only 999"},
    {"scribble", OPS(MALLOC(1, INNER_BYTES), MALLOC(2, BROKEN_BYTES), FREE(2), FREE(1)),
     4, "operation 4: free(slot 1): byte 99 of the 100 at 0x"},
    /* noticed by the frees that empty the heap */
    {"scribble", OPS(MALLOC(1, INNER_BYTES), MALLOC(2, BROKEN_BYTES), MARK), 4,
     "operation 4: free(slot 1)"},
};

static void broken_allocators_are_caught(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        const struct fault *fault = &faults[i];
        struct trace *trace = make_trace(fault->ops, fault->op_count);
        struct job job = run(trace, broken_allocator(fault->library), WORKER_VERIFY);
        if (job.status != RESULT_VERIFY_FAILED ||
            job.record->failed_op != fault->failed_op ||
            strstr(job.status_text, fault->says) == NULL) {
            fail_msg("fault %zu (%s): status %d, operation %" PRIu64 ": %s", i,
                     fault->library, (int)job.status, job.record->failed_op,
                     job.status_text);
        }
        job_close(&job);
        trace_destroy(trace);
    }
}

static void crash_names_the_operation(void **state)
{
    (void)state;
    const struct trace_op ops[] = {MALLOC(1, 8), FREE(1), MALLOC(1, BROKEN_BYTES)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct job job = run(trace, broken_allocator("crash"), WORKER_VERIFY);
    assert_int_equal(job.status, RESULT_CRASHED);
    assert_int_equal(job.record->current_op, 3);
    job_close(&job);
    trace_destroy(trace);
}

static void hang_names_the_operation(void **state)
{
    (void)state;
    const struct trace_op ops[] = {MALLOC(1, 8), MALLOC(2, BROKEN_BYTES)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct job job = {
        .allocator = broken_allocator("hang"),
        .trace = trace,
        .mode = WORKER_VERIFY,
        .timeout_ns = HANG_TIMEOUT_NS,
    };
    job_run_all(&job, 1, 1);
    assert_int_equal(job.status, RESULT_TIMED_OUT);
    assert_int_equal(job.record->current_op, 2);
    job_close(&job);
    trace_destroy(trace);
}

static void no_memory_is_told_in_every_mode(void **state)
{
    (void)state;
    const enum worker_mode modes[] = {WORKER_VERIFY, WORKER_COLD,     WORKER_WARM,
                                      WORKER_MEMORY, WORKER_SYSCALLS, WORKER_LATENCY};
    const struct trace_op ops[] = {MALLOC(1, 8), MALLOC(2, BROKEN_BYTES), FREE(1)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct job job = run(trace, broken_allocator("exhausted"), modes[i]);
        assert_int_equal(job.status, RESULT_OUT_OF_MEMORY);
        assert_int_equal(job.record->failed_op, 2);
        assert_string_equal(job.record->message,
                            "operation 2: malloc(1000) returned NULL");
        job_close(&job);
    }
    trace_destroy(trace);
}

static void expect_wrong_library(const struct trace *trace, const char *library,
                                 const char *says)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", library);
    struct allocator allocator = {.name = path, .library = path};
    struct job job = run(trace, &allocator, WORKER_COLD);
    assert_int_equal(job.status, RESULT_PRELOAD_FAILED);
    assert_int_equal(job.record->pass_count, 0);
    assert_non_null(strstr(job.record->message, says));
    job_close(&job);
}

static void wrong_library_is_told(void **state)
{
    (void)state;
    const struct trace_op ops[] = {MALLOC(1, 8)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    /* The loader warns of a missing library and goes on without it; one that has no
     * malloc it loads without a word. */
    expect_wrong_library(trace, "/missing/liballocator.so",
                         "not from /missing/liballocator.so");
    expect_wrong_library(trace, broken_allocator("none")->library,
                         "malloc comes from ");
    expect_wrong_library(trace, broken_allocator("half")->library,
                         "defines malloc but not free");
    struct job job = run(trace, &glibc, WORKER_COLD);
    assert_int_equal(job.status, RESULT_OK);
    assert_non_null(strstr(job.record->malloc_library, "/libc.so"));
    job_close(&job);
    trace_destroy(trace);
}

static void good_allocators_pass(void **state)
{
    (void)state;
    struct allocator_list list;
    struct allocator_error error = {""};
    if (!allocators_parse(&list, NULL, 0, &error)) {
        fail_msg("%s", error.text);
    }
    struct trace *trace = make_mixed_trace();
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].is_floor) {
            continue;
        }
        struct job job = run(trace, &list.items[i], WORKER_VERIFY);
        if (job.status != RESULT_OK) {
            fail_msg("%s: %s", list.items[i].name, job.status_text);
        }
        job_close(&job);
    }
    trace_destroy(trace);
    allocators_free(&list);
}

static uint64_t kind_count(const struct trace *trace, enum trace_op_kind kind)
{
    return trace->header->kind_counts[kind];
}

/* The worker calls the allocator for the trace and for nothing else. */
static void only_the_trace_is_allocated(void **state)
{
    (void)state;
    const struct {
        enum worker_mode mode;
        uint64_t passes;
        bool frees_all;
        uint64_t extra_pairs; /* the activity after the second in memory mode */
    } cases[] = {
        {WORKER_VERIFY, 1, true, 0},    {WORKER_COLD, 1, false, 0},
        {WORKER_WARM, 3, true, 0},      {WORKER_SYSCALLS, 1, true, 0},
        {WORKER_MEMORY, 1, true, 4096}, {WORKER_LATENCY, 10, true, 0},
    };
    struct trace *trace = make_mixed_trace();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t closing = cases[i].frees_all ? trace->header->epilogue_count : 0;
        struct job job = run(trace, broken_allocator("count"), cases[i].mode);
        uint64_t passes = cases[i].passes + job.record->warm_up_pass_count;
        char expected[160];
        char found[160];
        snprintf(expected, sizeof expected,
                 "malloc %" PRIu64 " calloc %" PRIu64 " realloc %" PRIu64
                 " memalign %" PRIu64 " free %" PRIu64,
                 passes * kind_count(trace, TRACE_MALLOC) + cases[i].extra_pairs,
                 passes * kind_count(trace, TRACE_CALLOC),
                 passes * kind_count(trace, TRACE_REALLOC),
                 passes * kind_count(trace, TRACE_MEMALIGN),
                 passes * (kind_count(trace, TRACE_FREE) + closing) +
                     cases[i].extra_pairs);
        output_first_line(job.process.output_fd, found, sizeof found);
        assert_int_equal(job.status, RESULT_OK);
        assert_string_equal(found, expected);
        job_close(&job);
    }
    trace_destroy(trace);
}

/* NULL for 0 bytes is an answer, and no block to write to. */
static void zero_bytes_may_be_null(void **state)
{
    (void)state;
    const enum worker_mode modes[] = {WORKER_VERIFY, WORKER_MEMORY, WORKER_WARM,
                                      WORKER_LATENCY};
    const struct trace_op ops[] = {MALLOC(1, 0), MALLOC(2, 24), FREE(1), MALLOC(1, 0),
                                   REALLOC(1, 8)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct job job = run(trace, broken_allocator("null_for_zero"), modes[i]);
        if (job.status != RESULT_OK) {
            fail_msg("%s", job.status_text);
        }
        job_close(&job);
    }
    trace_destroy(trace);
}

static void warm_passes_all_count(void **state)
{
    (void)state;
    struct trace *trace = make_mixed_trace();
    struct job job = {.allocator = &glibc,
                      .trace = trace,
                      .mode = WORKER_WARM,
                      .touch = TOUCH_ALL,
                      .warm_min_passes = 5,
                      .timeout_ns = timeout_ns};
    job_run_all(&job, 1, 1);
    assert_int_equal(job.status, RESULT_OK);
    assert_int_equal(job.record->pass_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(job.record->pass_ns[i] > 0);
    }
    assert_in_range(job.record->warm_up_pass_count, 1, 3);
    job_close(&job);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_allocators_are_caught),
        cmocka_unit_test(crash_names_the_operation),
        cmocka_unit_test(hang_names_the_operation),
        cmocka_unit_test(no_memory_is_told_in_every_mode),
        cmocka_unit_test(wrong_library_is_told),
        cmocka_unit_test(good_allocators_pass),
        cmocka_unit_test(only_the_trace_is_allocated),
        cmocka_unit_test(zero_bytes_may_be_null),
        cmocka_unit_test(warm_passes_all_count),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
