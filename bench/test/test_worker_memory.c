/* The worker's memory figures and page faults against what is known from outside. */
#include "worker_case.h"

#include "runner/allocators.h"

static void touch_modes_fault_in_what_they_say(void **state)
{
    (void)state;
    const uint64_t big_pages = 1000;
    const struct trace_op ops[] = {MALLOC(1, big_pages * PAGE_BYTES)};
    const enum worker_touch modes[] = {TOUCH_NONE, TOUCH_FIRST, TOUCH_PAGE, TOUCH_ALL};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        bool every_page = modes[i] == TOUCH_PAGE || modes[i] == TOUCH_ALL;
        struct job job = {.allocator = &glibc,
                          .trace = trace,
                          .mode = WORKER_COLD,
                          .touch = modes[i],
                          .timeout_ns = timeout_ns};
        job_run_all(&job, 1, 1);
        assert_int_equal(job.status, RESULT_OK);
        uint64_t faults_taken = job.record->minor_faults;
        /* A few for the call itself: the first use of glibc's own data. */
        assert_in_range(faults_taken, every_page ? big_pages : 0,
                        (every_page ? big_pages : 0) + 16);
        job_close(&job);
    }
    trace_destroy(trace);
}

static struct job run_warm(const struct trace *trace, enum worker_touch touch)
{
    struct job job = {.allocator = &glibc,
                      .trace = trace,
                      .mode = WORKER_WARM,
                      .touch = touch,
                      .warm_min_passes = 3,
                      .timeout_ns = timeout_ns};
    job_run_all(&job, 1, 1);
    assert_int_equal(job.status, RESULT_OK);
    assert_int_equal(job.record->pass_count, 3);
    return job;
}

/* Whatever a timed pass writes, it finds pages that are there already: a block of
 * glibc's heap is at the same place in each pass. */
static void warm_passes_are_settled(void **state)
{
    (void)state;
    const uint64_t pages = 1000;
    const struct trace_op ops[] = {MALLOC(1, pages * PAGE_BYTES), FREE(1),
                                   MALLOC(1, pages * PAGE_BYTES), MALLOC(2, 24)};
    const enum worker_touch modes[] = {TOUCH_NONE, TOUCH_FIRST, TOUCH_PAGE, TOUCH_ALL};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct job job = run_warm(trace, modes[i]);
        assert_in_range(job.record->warm_up_pass_count, 2, 3);
        assert_in_range(job.record->minor_faults, 0, 3 * 16);
        assert_true((uint64_t)job.process.usage.ru_minflt >= pages);
        job_close(&job);
    }
    trace_destroy(trace);
}

/* A block that is mapped anew each time never settles: its faults are seen not to fall,
 * and are told. */
static void warming_up_ends_where_faults_stay(void **state)
{
    (void)state;
    const uint64_t pages = (UINT64_C(64) << 20) / PAGE_BYTES;
    const struct trace_op ops[] = {MALLOC(1, pages * PAGE_BYTES), FREE(1)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct job job = run_warm(trace, TOUCH_PAGE);
    assert_int_equal(job.record->warm_up_pass_count, 2);
    assert_in_range(job.record->minor_faults, 3 * pages, 3 * (pages + 16));
    job_close(&job);
    trace_destroy(trace);
}

/* Known growth: 64 MiB asked for in two steps, written, freed. */
static void residency_is_what_was_written(void **state)
{
    (void)state;
    const uint64_t big_bytes = UINT64_C(64) << 20;
    const struct trace_op ops[] = {MALLOC(1, 24), MALLOC(2, big_bytes / 2),
                                   REALLOC(2, big_bytes), FREE(2)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct job job = run(trace, &glibc, WORKER_MEMORY);
    assert_int_equal(job.status, RESULT_OK);
    const struct worker_record *record = job.record;
    const struct worker_sample *peak = NULL;
    for (uint64_t i = 0; i < record->sample_count; i++) {
        if (record->samples[i].op_index == trace->header->peak_live_op + 1) {
            peak = &record->samples[i];
        }
    }
    assert_non_null(peak);
    assert_int_equal(peak->blocks.live_bytes, big_bytes + 24);
    /* All of the small block's chunk is used; the large one ends within a page. */
    assert_true(record->knows_internal);
    assert_in_range(peak->blocks.internal_bytes, 1, PAGE_BYTES);
    /* The heap's first pages, and the page of the mapping's own header. */
    uint64_t growth = peak->resident_bytes - record->before.resident_bytes;
    assert_in_range(growth, big_bytes, big_bytes + 4 * PAGE_BYTES);
    assert_true(peak->accessible_bytes - record->before.accessible_bytes >= big_bytes);
    assert_true(peak->reserved_bytes - record->before.reserved_bytes >= big_bytes);
    assert_int_equal(record->after_free.blocks.live_bytes, 0);
    assert_int_equal(record->after_free.blocks.internal_bytes, 0);
    assert_true(record->after_free.resident_bytes <
                record->before.resident_bytes + 4 * PAGE_BYTES);
    job_close(&job);

    /* Under the floor no byte beyond the first is written. */
    struct allocator *floor = tool_allocator("libsnugbench-floor.so");
    floor->is_floor = true;
    job = run(trace, floor, WORKER_MEMORY);
    assert_int_equal(job.status, RESULT_OK);
    assert_true(job.record->after_free.resident_bytes <
                job.record->before.resident_bytes + 8 * PAGE_BYTES);
    job_close(&job);
    trace_destroy(trace);
}

/* jemalloc makes 1.25 MiB of 1 MiB and a byte; of that nobody touches more than a page.
 */
static void untouched_pages_are_not_internal(void **state)
{
    (void)state;
    const char *const names[] = {"jemalloc"};
    struct allocator_list list;
    struct allocator_error error;
    if (!allocators_parse(&list, names, 1, &error)) {
        print_message("%s\n", error.text);
        skip();
    }
    const struct trace_op ops[] = {MALLOC(1, (1 << 20) + 1)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct job job = run(trace, &list.items[0], WORKER_MEMORY);
    assert_int_equal(job.status, RESULT_OK);
    assert_true(job.record->knows_internal);
    assert_in_range(job.record->samples[0].blocks.internal_bytes, 1, PAGE_BYTES - 1);
    job_close(&job);
    trace_destroy(trace);
    allocators_free(&list);
}

/* Anonymous pages of every mapping. */
static uint64_t resident_seen_from_outside(pid_t pid)
{
    char path[64];
    char line[512];
    uint64_t total_kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Anonymous:", 10) == 0) {
            total_kib += strtoull(line + 10, NULL, 10);
        }
    }
    fclose(file);
    return total_kib * 1024;
}

/* While it sleeps its second, the worker is as its last sample found it. */
static void residency_equals_smaps(void **state)
{
    (void)state;
    struct trace *trace = make_mixed_trace();
    struct job job = {.allocator = &glibc,
                      .trace = trace,
                      .mode = WORKER_MEMORY,
                      .timeout_ns = timeout_ns};
    assert_true(job_start(&job));
    const volatile struct worker_sample *sample = &job.record->after_free;
    while (sample->accessible_bytes == 0 && !job.process.ended) {
        usleep(1000);
        process_poll(&job.process);
    }
    assert_false(job.process.ended);
    uint64_t outside_bytes = resident_seen_from_outside(job.process.pid);
    uint64_t inside_bytes = sample->resident_bytes;
    job_close(&job);
    trace_destroy(trace);
    if (outside_bytes + PAGE_BYTES < inside_bytes ||
        outside_bytes > inside_bytes + PAGE_BYTES) {
        fail_msg("worker %" PRIu64 " bytes, smaps %" PRIu64, inside_bytes,
                 outside_bytes);
    }
}

/* What the packed form has no room for, and its neighbours. The floor is asked, as it
 * has one byte of each block written. */
static void sizes_beyond_32_bits(void **state)
{
    (void)state;
    const uint64_t large = UINT64_C(5) << 30;
    const struct trace_op ops[] = {
        MALLOC(1, large),
        MALLOC(2, UINT32_MAX),
        MALLOC(3, 0),
        CALLOC(4, 3, large),
        REALLOC(1, 2 * large),
        REALLOC(2, UINT64_C(1) << 32),
        FREE(4),
        MALLOC(4, 1),
        CALLOC(5, 7, 9),
        REALLOC(6, 0),
        REALLOC(1, 24),
        MEMALIGN(7, 12, large),
        MALLOC(8, UINT64_C(1) << 32),
        FREE(0),
    };
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct allocator *floor = tool_allocator("libsnugbench-floor.so");
    floor->is_floor = true;
    struct job job = run(trace, floor, WORKER_MEMORY);
    assert_int_equal(job.status, RESULT_OK);
    assert_int_equal(job.record->peak_live_bytes, trace->header->peak_live_bytes);
    assert_int_equal(job.record->sample_count, trace->header->sample_count);
    uint64_t live_bytes = 0;
    for (uint64_t i = 0; i < job.record->sample_count; i++) {
        if (job.record->samples[i].op_index == COUNT_OF(ops)) {
            live_bytes = job.record->samples[i].blocks.live_bytes;
        }
    }
    assert_int_equal(live_bytes,
                     (UINT64_C(1) << 32) + 1 + 63 + 24 + large + (UINT64_C(1) << 32));
    job_close(&job);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_beyond_32_bits),
        cmocka_unit_test(touch_modes_fault_in_what_they_say),
        cmocka_unit_test(warm_passes_are_settled),
        cmocka_unit_test(warming_up_ends_where_faults_stay),
        cmocka_unit_test(untouched_pages_are_not_internal),
        cmocka_unit_test(residency_is_what_was_written),
        cmocka_unit_test(residency_equals_smaps),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
