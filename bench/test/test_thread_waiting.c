/* Replay in threads that wait for each other: whose calls are counted, whose time. */
#include "threaded_case.h"

enum {
    SLEEPS = 200, /* of broken/sleepy.c */
    HAND_OVERS = 500
};

/* Two threads that hand a block to each other and back, so that both sleep often, and
 * all by mallocs of BROKEN_BYTES. */
static struct threaded make_hand_overs(void)
{
    struct trace_op ops[2 * HAND_OVERS];
    for (unsigned i = 0; i < HAND_OVERS; i++) {
        ops[2 * i] = BY(i % 2, MALLOC(1 + i, BROKEN_BYTES));
        ops[2 * i + 1] = BY((i + 1) % 2, FREE(1 + i));
    }
    return part(make_trace(ops, COUNT_OF(ops)));
}

/* Threads that wait for each other and for their ends make a number of calls that
 * nobody can tell; the allocator's own are all counted. */
static void waiting_is_not_counted(void **state)
{
    (void)state;
    const char *refused;
    struct sock_fprog *filter = tracer_filter_create(&refused);
    if (filter == NULL) {
        skip();
    }
    struct threaded threaded[] = {make_hand_overs(),
                                  make_short_threads(MANY_THREADS, 10)};
    for (size_t i = 0; i < COUNT_OF(threaded); i++) {
        const struct allocator *floor = tool_allocator("libsnugbench-floor.so");
        const uint64_t begun = threaded[i].streams->header->begun_count - 1;
        const uint64_t first = calls_of(&threaded[i], floor, filter, "");
        assert_int_equal(calls_of(&threaded[i], floor, filter, "futex"), 0);
        assert_int_equal(calls_of(&threaded[i], floor, filter, ""), first);
        assert_in_range(first, begun, 10 * begun);
    }
    assert_int_equal(calls_of(&threaded[0], broken_allocator("wakes"), filter, "futex"),
                     HAND_OVERS);
    drop(&threaded[0]);
    drop(&threaded[1]);
    tracer_filter_destroy(filter);
}

/* A consumer that comes first sleeps until its block is there. */
static void waiting_takes_no_processor(void **state)
{
    (void)state;
    struct trace_op ops[SLEEPS + 3] = {BY(0, MALLOC(1, 8)), BY(1, MALLOC(2, 8))};
    for (unsigned i = 0; i < SLEEPS; i++) {
        ops[2 + i] = BY(0, MALLOC(3 + i, BROKEN_BYTES));
    }
    ops[SLEEPS + 2] = BY(1, FREE(2 + SLEEPS));
    struct threaded threaded = part(make_trace(ops, COUNT_OF(ops)));
    struct job job =
        run_threads(&threaded, broken_allocator("sleepy"), WORKER_COLD, NULL);
    const struct worker_record *record = job.record;
    assert_ok(&job);
    assert_true(record->pass_cpu_ns[0] < record->pass_ns[0] / 4);
    assert_true(record->pass_waited_ns[0] > record->pass_ns[0] / 2);
    job_close(&job);
    drop(&threaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_is_not_counted),
        cmocka_unit_test(waiting_takes_no_processor),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
