/* Peaks of memory against the kernel's own high-water mark, and against blocks of known
 * size. Skipped where tracing is refused. */
#include "worker_case.h"

#include "runner/allocators.h"
#include "runner/tracer.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    STEPS = 36,
    FILE_PAGES = 64, /* of libraries, mapped between the peak and the end */
};

/* What one worker's memory pass and the kernel say of it. */
struct account {
    struct memory_peaks peaks;
    uint64_t sampled_bytes; /* the most at any sample point */
    uint64_t kernel_bytes;  /* high-water mark of private pages */
};

/* A buffer that grows by realloc to about 48 MiB, each time by a quarter, with a block
 * behind it that stays, so that it has to move: old and new are there at once. Then one
 * that doubles from 30 MiB. The large block before makes glibc and snug keep such
 * buffers in their heaps, where growing them copies. */
static struct trace *make_growing_trace(void)
{
    struct trace_op ops[7 + 2 * STEPS];
    size_t count = 0;
    uint64_t bytes = 20 * KIB;
    ops[count++] = (struct trace_op)MALLOC(1, 31 * MIB);
    ops[count++] = (struct trace_op)FREE(1);
    for (uint32_t i = 0; i < STEPS; i++) {
        ops[count++] =
            (struct trace_op)REALLOC(1, bytes & (TRACE_SIZE_LIMIT_BYTES - 1));
        ops[count++] = (struct trace_op)MALLOC(2 + i, 40 * KIB);
        bytes += bytes / 4;
    }
    ops[count++] = (struct trace_op)FREE(1);
    ops[count++] = (struct trace_op)MALLOC(1, 30 * MIB);
    ops[count++] = (struct trace_op)MALLOC(2 + STEPS, 40 * KIB);
    ops[count++] = (struct trace_op)REALLOC(1, 60 * MIB);
    ops[count++] = (struct trace_op)FREE(1);
    return make_trace(ops, count);
}

static uint64_t status_bytes(const char *text, const char *field)
{
    const char *found = strstr(text, field);
    assert_non_null(found);
    return strtoull(found + strlen(field), NULL, 10) * KIB;
}

/* Files and shared memory only come and never go, and at the peak most were there. */
static uint64_t high_water_bytes(pid_t pid)
{
    char path[64];
    char text[8192];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return status_bytes(text, "\nVmHWM:") - status_bytes(text, "\nRssFile:") -
           status_bytes(text, "\nRssShmem:");
}

/* The kernel is asked while the worker sleeps its second. */
static struct account run_memory_pass(const struct trace *trace,
                                      const struct allocator *allocator,
                                      const struct sock_fprog *filter)
{
    struct account account = {.kernel_bytes = 0};
    struct job job = {.allocator = allocator,
                      .trace = trace,
                      .mode = WORKER_MEMORY,
                      .touch = TOUCH_ALL,
                      .filter = filter,
                      .timeout_ns = timeout_ns};
    assert_true(job_start(&job));
    const volatile struct worker_sample *last = &job.record->after_free;
    while (!job.process.ended) {
        job_poll(&job);
        if (account.kernel_bytes == 0 && last->accessible_bytes != 0) {
            account.kernel_bytes = high_water_bytes(job.process.pid);
        }
        usleep(50);
    }
    if (job.status != RESULT_OK) {
        fail_msg("%s: %s", allocator->name, job.status_text);
    }
    account.peaks = tracer_peaks(job.tracer);
    assert_true(account.peaks.measured);
    for (uint64_t i = 0; i < job.record->sample_count; i++) {
        uint64_t bytes = job.record->samples[i].resident_bytes;
        account.sampled_bytes =
            bytes > account.sampled_bytes ? bytes : account.sampled_bytes;
    }
    job_close(&job);
    return account;
}

static const struct sock_fprog *filter_or_skip(void)
{
    static struct sock_fprog *filter;
    const char *refused;
    if (filter == NULL) {
        filter = tracer_filter_create(&refused);
    }
    if (filter == NULL) {
        print_message("%s is refused here\n", refused);
        skip();
    }
    return filter;
}

/* The mark is made of three counters, kept by processor and added up in batches. */
static uint64_t tolerance_bytes(void)
{
    uint64_t processors = (uint64_t)sysconf(_SC_NPROCESSORS_CONF);
    uint64_t batch_pages = processors * 2 > 32 ? processors * 2 : 32;
    return (3 * batch_pages * processors + FILE_PAGES) * PAGE_BYTES;
}

static void peaks_agree_with_the_kernel(void **state)
{
    (void)state;
    const struct sock_fprog *filter = filter_or_skip();
    struct allocator_list list;
    struct allocator_error error = {""};
    if (!allocators_parse(&list, NULL, 0, &error)) {
        fail_msg("%s", error.text);
    }
    struct trace *trace = make_growing_trace();
    const uint64_t tolerance = tolerance_bytes();
    size_t missed_by_samples = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct account account = run_memory_pass(trace, &list.items[i], filter);
        const uint64_t found = account.peaks.resident_bytes;
        if (found + tolerance < account.kernel_bytes ||
            found > account.kernel_bytes + tolerance) {
            fail_msg("%s: peak %" PRIu64 " KiB, the kernel's mark %" PRIu64
                     " KiB; %" PRIu64 " KiB apart at most",
                     list.items[i].name, found / KIB, account.kernel_bytes / KIB,
                     tolerance / KIB);
        }
        assert_true(account.sampled_bytes <= found);
        missed_by_samples += account.sampled_bytes + 4 * tolerance < found;
    }
    /* Else the trace would not show what it is made for. */
    assert_true(missed_by_samples > 0);
    trace_destroy(trace);
    allocators_free(&list);
}

static struct memory_peaks peaks_of_one_block(uint64_t bytes)
{
    const struct trace_op ops[] = {MALLOC(1, bytes & (TRACE_SIZE_LIMIT_BYTES - 1)),
                                   FREE(1)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    struct account account = run_memory_pass(trace, &glibc, filter_or_skip());
    trace_destroy(trace);
    return account.peaks;
}

/* The peak is in the call that frees the block: the block still counts, and the rest of
 * its last page behind glibc's header. */
static void peaks_know_their_blocks(void **state)
{
    (void)state;
    const struct worker_blocks blocks = peaks_of_one_block(32 * MIB).blocks;
    assert_int_equal(blocks.live_bytes, 32 * MIB);
    assert_int_equal(blocks.internal_bytes, PAGE_BYTES - 16);
    /* A realloc copies 30 MiB to 60: the old place stays in glibc's heap until a free
     * makes the heap shrink. */
    struct trace *trace = make_growing_trace();
    const struct memory_peaks peaks =
        run_memory_pass(trace, &glibc, filter_or_skip()).peaks;
    assert_int_equal(peaks.blocks.live_bytes, 60 * MIB + (STEPS + 1) * 40 * KIB);
    assert_true(peaks.resident_bytes > 90 * MIB);
    trace_destroy(trace);
}

/* glibc maps each of these on its own. */
static void peaks_grow_by_what_is_asked_for(void **state)
{
    (void)state;
    const struct memory_peaks less = peaks_of_one_block(32 * MIB);
    const struct memory_peaks more = peaks_of_one_block(96 * MIB);
    assert_int_equal(more.accessible_bytes - less.accessible_bytes, 64 * MIB);
    assert_int_equal(more.reserved_bytes - less.reserved_bytes, 64 * MIB);
    assert_in_range(more.resident_bytes - less.resident_bytes,
                    64 * MIB - 16 * PAGE_BYTES, 64 * MIB + 16 * PAGE_BYTES);
    assert_true(less.accessible_bytes > 32 * MIB);
    assert_true(less.reserved_bytes > less.accessible_bytes);
}

/* The table of samples is what the shorter pass does not touch. */
static void peaks_alone_are_the_same(void **state)
{
    (void)state;
    const struct sock_fprog *filter = filter_or_skip();
    struct trace *trace = make_growing_trace();
    const struct memory_peaks peaks = run_memory_pass(trace, &glibc, filter).peaks;
    struct job job = {.allocator = &glibc,
                      .trace = trace,
                      .mode = WORKER_MEMORY,
                      .touch = TOUCH_ALL,
                      .only_peaks = true,
                      .filter = filter,
                      .timeout_ns = timeout_ns};
    job_run_all(&job, 1, 1);
    assert_int_equal(job.status, RESULT_OK);
    assert_int_equal(job.record->sample_count, 0);
    const struct memory_peaks alone = tracer_peaks(job.tracer);
    assert_int_equal(alone.blocks.live_bytes, peaks.blocks.live_bytes);
    assert_in_range(alone.resident_bytes, peaks.resident_bytes - 64 * PAGE_BYTES,
                    peaks.resident_bytes + 64 * PAGE_BYTES);
    job_close(&job);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_agree_with_the_kernel),
        cmocka_unit_test(peaks_know_their_blocks),
        cmocka_unit_test(peaks_grow_by_what_is_asked_for),
        cmocka_unit_test(peaks_alone_are_the_same),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
