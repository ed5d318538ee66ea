/* Replay in threads: every pass, and what breaks under several threads. Waiting:
 * test_thread_waiting. */
#include "threaded_case.h"

#include "process/output.h"

enum {
    PASS_THREADS = 250 /* where a trace is replayed several times */
};

static const enum worker_mode modes[] = {WORKER_VERIFY, WORKER_SYSCALLS,
                                         WORKER_MEMORY, WORKER_COLD,
                                         WORKER_WARM,   WORKER_LATENCY};

/* The mixed trace of worker_case.h, its blocks handed from thread to thread. */
static struct threaded make_mixed_threads(unsigned count)
{
    uint64_t random = 5;
    struct trace *mixed = make_mixed_trace();
    const uint64_t op_count = mixed->header->op_count;
    struct trace_op *ops = calloc(op_count, sizeof *ops);
    for (uint64_t i = 0; i < op_count; i++) {
        ops[i] = by((unsigned)(next_random(&random) % count), mixed->ops[i]);
    }
    ops[0].thread = 0;
    struct threaded threaded = part(make_trace(ops, op_count));
    free(ops);
    trace_destroy(mixed);
    return threaded;
}

static void run_well(const struct threaded *threaded, const struct allocator *allocator,
                     enum worker_mode mode)
{
    struct job job = run_threads(threaded, allocator, mode, NULL);
    assert_ok(&job);
    job_close(&job);
}

static uint64_t latency_count(const struct worker_latency *latency)
{
    uint64_t count = 0;
    for (size_t kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
        for (size_t class = 0; class < LATENCY_CLASS_COUNT; class ++) {
            count += latency->operations[kind][class].count;
        }
    }
    return count;
}

static void check_answer(const struct job *job)
{
    struct worker_record *record = job->record;
    const struct trace_header *header = job->trace->header;
    assert_ok(job);
    switch (job->mode) {
    case WORKER_MEMORY:
        assert_int_equal(record->sample_count, header->sample_count);
        assert_true(record->peak_live_bytes >= header->peak_live_bytes / 2);
        assert_int_equal(record->after_free.blocks.live_bytes, 0);
        break;
    case WORKER_COLD:
    case WORKER_WARM:
        assert_true(record->pass_ns[0] > 0 && record->pass_cpu_ns[0] > 0);
        break;
    case WORKER_LATENCY:
        assert_int_equal(latency_count(worker_record_latency(record)),
                         record->pass_count * header->op_count);
        break;
    default:
        break;
    }
}

/* Under all that are installed, and under the floor where blocks may overlap. */
static void every_pass_takes_threads(void **state)
{
    (void)state;
    struct allocator_list list;
    struct allocator_error error = {""};
    if (!allocators_parse(&list, NULL, 0, &error) ||
        !allocators_add_floor(&list, &error)) {
        fail_msg("%s", error.text);
    }
    struct threaded threaded = make_mixed_threads(4);
    for (size_t i = 0; i < list.count; i++) {
        for (size_t mode = 0; mode < COUNT_OF(modes); mode++) {
            /* The memory pass waits for a second, in each. */
            if (modes[mode] ==
                (list.items[i].is_floor ? WORKER_VERIFY : WORKER_MEMORY)) {
                continue;
            }
            struct job job = run_threads(&threaded, &list.items[i], modes[mode], NULL);
            check_answer(&job);
            job_close(&job);
        }
    }
    drop(&threaded);
    allocators_free(&list);
}

static void traced_passes_take_threads(void **state)
{
    (void)state;
    const char *refused;
    struct sock_fprog *filter = tracer_filter_create(&refused);
    if (filter == NULL) {
        skip();
    }
    struct threaded threaded = make_mixed_threads(4);
    struct job job = run_threads(&threaded, &glibc, WORKER_MEMORY, filter);
    check_answer(&job);
    assert_true(tracer_peaks(job.tracer).measured);
    assert_true(tracer_peaks(job.tracer).resident_bytes > job.record->peak_live_bytes);
    job_close(&job);
    job_close(&job);
    assert_int_equal(calls_of(&threaded, &glibc, filter, "clone"),
                     threaded.streams->header->begun_count - 1);
    drop(&threaded);
    tracer_filter_destroy(filter);
}

/* Each fault needs what the other thread did. */
static void broken_allocators_are_caught(void **state)
{
    (void)state;
    const struct {
        const char *library;
        struct trace_op ops[5];
        size_t op_count;
        uint64_t failed_op;
        const char *says;
    } faults[] = {
        {"overlap",
         {BY(0, MALLOC(1, BROKEN_BYTES)), BY(1, MALLOC(2, BROKEN_BYTES))},
         2,
         2,
         "operation 2 (thread 1): malloc(1000) returned 0x"},
        {"enclose",
         {BY(0, MALLOC(1, 100)), BY(1, MALLOC(2, BROKEN_BYTES))},
         2,
         2,
         "which overlaps the live block"},
        {"scribble",
         {BY(0, MALLOC(1, 100)), BY(1, MALLOC(2, BROKEN_BYTES)), BY(1, FREE(2)),
          BY(1, FREE(1))},
         4,
         4,
         "operation 4 (thread 1): free(slot 1): byte 99 of the 100 at 0x"},
        {"forget",
         {BY(0, MALLOC(1, 8)), BY(1, MALLOC(2, 100)), BY(0, REALLOC(2, 1000))},
         3,
         3,
         "which has lost byte 99 of the old 100"},
    };
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct threaded threaded = part(make_trace(faults[i].ops, faults[i].op_count));
        struct job job = run_threads(&threaded, broken_allocator(faults[i].library),
                                     WORKER_VERIFY, NULL);
        if (job.status != RESULT_VERIFY_FAILED ||
            job.record->failed_op != faults[i].failed_op ||
            strstr(job.status_text, faults[i].says) == NULL) {
            fail_msg("fault %zu (%s): status %d, operation %" PRIu64 ": %s", i,
                     faults[i].library, (int)job.status, job.record->failed_op,
                     job.status_text);
        }
        job_close(&job);
        drop(&threaded);
    }
}

/* A thread that fails ends the process, although the others wait for it. */
static void no_memory_is_told_in_every_mode(void **state)
{
    (void)state;
    const struct trace_op ops[] = {
        BY(0, MALLOC(1, 8)),
        BY(1, MALLOC(2, BROKEN_BYTES)),
        BY(0, FREE(2)),
    };
    struct threaded threaded = part(make_trace(ops, COUNT_OF(ops)));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct job job =
            run_threads(&threaded, broken_allocator("exhausted"), modes[i], NULL);
        assert_int_equal(job.status, RESULT_OUT_OF_MEMORY);
        assert_int_equal(job.record->failed_op, 2);
        assert_string_equal(job.record->message,
                            "operation 2 (thread 1): malloc(1000) returned NULL");
        job_close(&job);
    }
    drop(&threaded);
}

static void crash_and_hang_name_an_operation(void **state)
{
    (void)state;
    const struct trace_op ops[] = {
        BY(0, MALLOC(1, 8)),
        BY(1, MALLOC(2, BROKEN_BYTES)),
        BY(0, FREE(2)),
    };
    struct threaded threaded = part(make_trace(ops, COUNT_OF(ops)));
    struct job job =
        run_threads(&threaded, broken_allocator("crash"), WORKER_VERIFY, NULL);
    assert_int_equal(job.status, RESULT_CRASHED);
    assert_non_null(strstr(job.status_text, "near operation "));
    job_close(&job);
    /* Before the first operation there is none to name: a loaded machine begins late.
     */
    bool is_named = false;
    for (uint64_t limit_ns = timeout_ns >> 8; !is_named && limit_ns <= timeout_ns;
         limit_ns *= 2) {
        job = (struct job){
            .allocator = broken_allocator("hang"),
            .trace = threaded.trace,
            .streams = threaded.streams,
            .mode = WORKER_VERIFY,
            .timeout_ns = limit_ns,
        };
        job_run_all(&job, 1, 1);
        assert_int_equal(job.status, RESULT_TIMED_OUT);
        is_named = strstr(job.status_text, "near operation ") != NULL;
        job_close(&job);
    }
    assert_true(is_named);
    drop(&threaded);
}

/* Under load each thread waits for a processor several times: 1,000 in each of six
 * passes took more than a minute there. */
static void many_threads_come_and_go(void **state)
{
    (void)state;
    static const unsigned widths[] = {1, 10, 250};
    static const enum worker_mode once[] = {WORKER_VERIFY, WORKER_SYSCALLS,
                                            WORKER_COLD};
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        struct threaded many = make_short_threads(MANY_THREADS, widths[i]);
        struct threaded fewer = make_short_threads(PASS_THREADS, widths[i]);
        assert_int_equal(many.streams->header->begun_count, MANY_THREADS);
        assert_in_range(many.streams->header->seat_count, widths[i], widths[i] + 1);
        for (size_t k = 0; k < COUNT_OF(once); k++) {
            run_well(&many, &glibc, once[k]);
        }
        run_well(&fewer, &glibc, WORKER_WARM);
        run_well(&fewer, tool_allocator("libsnugbench-floor.so"), WORKER_WARM);
        drop(&many);
        drop(&fewer);
    }
    /* 200,000 operations of a latency pass are 70,000 threads of this kind, and the
     * memory pass waits for a second. */
    struct threaded one_by_one = make_short_threads(PASS_THREADS, 1);
    run_well(&one_by_one, &glibc, WORKER_MEMORY);
    drop(&one_by_one);
}

/* Beside the trace's own calls there is one calloc for each thread, its free, and some
 * of NULL. */
static void only_the_trace_is_allocated(void **state)
{
    (void)state;
    char expected[160];
    char found[160];
    struct threaded threaded = make_mixed_threads(3);
    const struct trace_header *header = threaded.trace->header;
    struct job job =
        run_threads(&threaded, broken_allocator("count"), WORKER_WARM, NULL);
    assert_ok(&job);
    const uint64_t passes = job.record->pass_count + job.record->warm_up_pass_count;
    const uint64_t threads = threaded.streams->header->begun_count - 1;
    snprintf(expected, sizeof expected,
             "malloc %" PRIu64 " calloc %" PRIu64 " realloc %" PRIu64
             " memalign %" PRIu64 " free ",
             passes * header->kind_counts[TRACE_MALLOC],
             passes * (header->kind_counts[TRACE_CALLOC] + threads),
             passes * header->kind_counts[TRACE_REALLOC],
             passes * header->kind_counts[TRACE_MEMALIGN]);
    output_first_line(job.process.output_fd, found, sizeof found);
    assert_memory_equal(found, expected, strlen(expected));
    assert_true(
        strtoull(found + strlen(expected), NULL, 10) >=
        passes * (header->kind_counts[TRACE_FREE] + header->epilogue_count + threads));
    job_close(&job);
    drop(&threaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pass_takes_threads),
        cmocka_unit_test(traced_passes_take_threads),
        cmocka_unit_test(broken_allocators_are_caught),
        cmocka_unit_test(no_memory_is_told_in_every_mode),
        cmocka_unit_test(crash_and_hang_name_an_operation),
        cmocka_unit_test(many_threads_come_and_go),
        cmocka_unit_test(only_the_trace_is_allocated),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
