/* The worker against allocators whose faults are known, and against the outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/allocators.h"
#include "runner/job.h"
#include "runner/signals.h"
#include "trace/trace.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum {
    PAGE_BYTES = 4096,
    BROKEN_BYTES = 1000, /* as in broken/libc.h */
    INNER_BYTES = 100,
    HANG_TIMEOUT_NS = 500 * 1000 * 1000,
    MIXED_OPS = 20000,
    MIXED_SLOTS = 500,
};

static const uint64_t timeout_ns = UINT64_C(60) * 1000 * 1000 * 1000;

#define MALLOC(at, bytes)                                                              \
    {                                                                                  \
        .kind = TRACE_MALLOC, .slot = (at), .size_bytes = (bytes), .count = 1          \
    }
#define REALLOC(at, bytes)                                                             \
    {                                                                                  \
        .kind = TRACE_REALLOC, .slot = (at), .size_bytes = (bytes), .count = 1         \
    }
#define CALLOC(at, n, bytes)                                                           \
    {                                                                                  \
        .kind = TRACE_CALLOC, .slot = (at), .size_bytes = (bytes), .count = (n)        \
    }
#define MEMALIGN(at, log2, bytes)                                                      \
    {                                                                                  \
        .kind = TRACE_MEMALIGN, .slot = (at), .size_bytes = (bytes), .count = 1,       \
        .align_log2 = (log2)                                                           \
    }
#define FREE(at)                                                                       \
    {                                                                                  \
        .kind = TRACE_FREE, .slot = (at), .count = 1                                   \
    }
#define MARK                                                                           \
    {                                                                                  \
        .kind = TRACE_MARK, .count = 1                                                 \
    }

static struct trace *make_trace(const struct trace_op *ops, size_t count)
{
    struct trace *trace = trace_create("handmade", "handmade");
    struct trace_error error = {""};
    uint32_t slots = 0;
    assert_non_null(trace);
    for (size_t i = 0; i < count; i++) {
        while (slots < ops[i].slot) {
            slots = trace_slot_take(trace);
        }
        assert_true(trace_append(trace, ops[i]));
    }
    if (!trace_seal(trace, &error)) {
        fail_msg("%s", error.text);
    }
    return trace;
}

static struct allocator *tool_allocator(const char *name)
{
    static char path[PATH_MAX];
    static char resolved[PATH_MAX];
    static struct allocator allocator;
    assert_true(process_find_tool(name, path, sizeof path));
    assert_non_null(realpath(path, resolved));
    allocator = (struct allocator){.name = path, .library = resolved};
    return &allocator;
}

static struct allocator *broken_allocator(const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "libbroken-%s.so", name);
    return tool_allocator(file);
}

static const struct allocator glibc = {.library = NULL};

/* Run to the end; what the worker answered stays in the job until job_close. */
static struct job run(const struct trace *trace, const struct allocator *allocator,
                      enum worker_mode mode)
{
    struct job job = {
        .allocator = allocator,
        .trace = trace,
        .mode = mode,
        .touch = TOUCH_FIRST,
        .warm_min_passes = 3,
        .timeout_ns = timeout_ns,
    };
    job_run_all(&job, 1, 1);
    assert_non_null(job.record);
    return job;
}

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
    const enum worker_mode modes[] = {WORKER_VERIFY, WORKER_COLD, WORKER_WARM,
                                      WORKER_MEMORY, WORKER_SYSCALLS};
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

static void wrong_library_is_told(void **state)
{
    (void)state;
    const struct trace_op ops[] = {MALLOC(1, 8)};
    struct trace *trace = make_trace(ops, COUNT_OF(ops));
    char recorder[PATH_MAX];
    assert_true(process_find_tool("libsnugbench-floor.so", recorder, sizeof recorder));
    struct allocator missing = {.name = recorder, .library = recorder};
    strcat(recorder, ".missing"); /* the loader warns and goes on without it */
    struct job job = run(trace, &missing, WORKER_COLD);
    assert_int_equal(job.status, RESULT_PRELOAD_FAILED);
    assert_int_equal(job.record->pass_count, 0);
    assert_non_null(strstr(job.record->message, "malloc comes from "));
    assert_non_null(strstr(job.record->malloc_library, "libc.so"));
    job_close(&job);

    job = run(trace, broken_allocator("half"), WORKER_COLD);
    assert_int_equal(job.status, RESULT_PRELOAD_FAILED);
    assert_non_null(strstr(job.record->message, "defines malloc but not free"));
    job_close(&job);
    trace_destroy(trace);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* A fresh block for an empty slot. Sizes of all magnitudes to 256 KiB, and 0. */
static struct trace_op random_allocation(uint64_t *random, uint32_t slot)
{
    uint64_t limit = UINT64_C(2) << next_random(random) % 18;
    uint64_t bytes = next_random(random) % limit;
    struct trace_op op = MALLOC(slot, bytes % TRACE_SIZE_LIMIT_BYTES);
    switch (next_random(random) % 8) {
    case 0:
        op.kind = TRACE_CALLOC;
        op.count = (uint16_t)(1 + next_random(random) % 3);
        break;
    case 1:
        op.kind = TRACE_REALLOC;
        break;
    case 2:
        op.kind = TRACE_MEMALIGN;
        op.size_bytes = (bytes + 1) % TRACE_SIZE_LIMIT_BYTES;
        op.align_log2 = (uint8_t)(4 + next_random(random) % 8);
        break;
    default:
        break;
    }
    return op;
}

/* Every kind of operation in random order. */
static struct trace *make_mixed_trace(void)
{
    static struct trace_op ops[MIXED_OPS];
    bool full[MIXED_SLOTS + 1] = {false};
    uint64_t random = 1;
    for (size_t i = 0; i < MIXED_OPS; i++) {
        uint32_t slot = 1 + (uint32_t)(next_random(&random) % MIXED_SLOTS);
        struct trace_op op = random_allocation(&random, slot);
        if (!full[slot]) {
            full[slot] = true;
        } else if (next_random(&random) % 3 == 0) {
            op = (struct trace_op)REALLOC(slot, op.size_bytes | 1);
        } else {
            op = (struct trace_op)FREE(slot);
            full[slot] = false;
        }
        ops[i] = op;
    }
    return make_trace(ops, MIXED_OPS);
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
        {WORKER_MEMORY, 1, true, 4096},
    };
    struct trace *trace = make_mixed_trace();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t passes = cases[i].passes;
        uint64_t closing = cases[i].frees_all ? trace->header->epilogue_count : 0;
        struct job job = run(trace, broken_allocator("count"), cases[i].mode);
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
        process_first_line(&job.process, found, sizeof found);
        assert_int_equal(job.status, RESULT_OK);
        assert_string_equal(found, expected);
        job_close(&job);
    }
    trace_destroy(trace);
}

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
    assert_true(job.record->minor_faults > 0);
    job_close(&job);
    trace_destroy(trace);
}

/* Known growth: 64 MiB asked for, written, freed. */
static void residency_is_what_was_written(void **state)
{
    (void)state;
    const uint64_t big_bytes = UINT64_C(64) << 20;
    const struct trace_op ops[] = {MALLOC(1, 24), MALLOC(2, big_bytes), FREE(2)};
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
    assert_int_equal(peak->live_bytes, big_bytes + 24);
    assert_in_range(peak->usable_bytes, big_bytes + 24, big_bytes + 24 + PAGE_BYTES);
    /* The heap's first pages, and the page of the mapping's own header. */
    uint64_t growth = peak->resident_bytes - record->before.resident_bytes;
    assert_in_range(growth, big_bytes, big_bytes + 4 * PAGE_BYTES);
    assert_true(peak->accessible_bytes - record->before.accessible_bytes >= big_bytes);
    assert_true(peak->reserved_bytes - record->before.reserved_bytes >= big_bytes);
    assert_int_equal(record->after_free.live_bytes, 0);
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

/* Anonymous pages of every mapping, and this process's share of the memfds. */
static uint64_t resident_seen_from_outside(pid_t pid)
{
    char path[64];
    char line[512];
    uint64_t total_kib = 0;
    bool is_memfd = false;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, " rw-") != NULL || strstr(line, " r--") != NULL ||
            strstr(line, " r-x") != NULL || strstr(line, " ---") != NULL) {
            is_memfd = strstr(line, "/memfd:") != NULL;
        } else if (strncmp(line, "Anonymous:", 10) == 0) {
            total_kib += strtoull(line + 10, NULL, 10);
        } else if (is_memfd && strncmp(line, "Pss:", 4) == 0) {
            total_kib += strtoull(line + 4, NULL, 10);
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
    /* Pss is rounded to KiB for each mapping. */
    if (outside_bytes + PAGE_BYTES < inside_bytes ||
        outside_bytes > inside_bytes + PAGE_BYTES) {
        fail_msg("worker %" PRIu64 " bytes, smaps %" PRIu64, inside_bytes,
                 outside_bytes);
    }
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
        cmocka_unit_test(touch_modes_fault_in_what_they_say),
        cmocka_unit_test(warm_passes_all_count),
        cmocka_unit_test(residency_is_what_was_written),
        cmocka_unit_test(residency_equals_smaps),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
