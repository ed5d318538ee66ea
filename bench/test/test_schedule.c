/* Order, rounds, and that what fails fails alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/signals.h"
#include "process/tool.h"
#include "runner/allocators.h"
#include "runner/job.h"
#include "runner/mode.h"
#include "runner/rng.h"
#include "runner/run.h"
#include "runner/schedule.h"
#include "runner/sources.h"

enum {
    NS_PER_MS = 1000000,
    BLOCKS = 3000,
    BROKEN_AT = 2000,    /* the block that the broken allocators break on, */
    BROKEN_BYTES = 1000, /* as bench/test/broken/libc.h has it */
    ROUNDS = 3,
};

static char trace_path[] = "/tmp/snugbench-schedule-XXXXXX";

static int block_bytes(int block)
{
    return block == BROKEN_AT ? BROKEN_BYTES : 8 + block % 700;
}

static int write_trace(void **state)
{
    (void)state;
    int fd = mkstemp(trace_path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        return 1;
    }
    int peak_bytes = 0;
    for (int i = 0; i < BLOCKS; i++) {
        peak_bytes += block_bytes(i);
    }
    fprintf(file, "%d\n%d\n%d\n1\n", peak_bytes, BLOCKS, 2 * BLOCKS);
    for (int i = 0; i < BLOCKS; i++) {
        fprintf(file, "a %d %d\n", i, block_bytes(i));
    }
    for (int i = 0; i < BLOCKS; i++) {
        fprintf(file, "f %d\n", i);
    }
    signals_hold();
    return fclose(file);
}

static int remove_trace(void **state)
{
    (void)state;
    signals_release();
    return unlink(trace_path);
}

/* The specification of a deliberately broken allocator, built beside this test. */
static void broken(const char *name, char spec[PATH_MAX])
{
    char file[64];
    char path[PATH_MAX - 64];
    snprintf(file, sizeof file, "libbroken-%s.so", name);
    if (!tool_find(file, path, sizeof path)) {
        fail_msg("%s is missing", path);
    }
    snprintf(spec, PATH_MAX, "%s=%s", name, path);
}

static struct schedule_options quick_options(void)
{
    struct schedule_options options = schedule_defaults;
    options.min_rounds = options.max_rounds = ROUNDS;
    options.budget_ns = 0;
    options.timeout_ns = 2000ull * NS_PER_MS;
    options.warm_budget_ns = NS_PER_MS;
    return options;
}

static unsigned modes_of(const char *pass)
{
    unsigned modes = mode_set_of_pass(pass, strlen(pass));
    assert_true(modes != 0);
    return modes;
}

static struct run *run_specs(const char *const *specs, size_t count,
                             const struct schedule_options *options)
{
    struct allocator_list list;
    struct allocator_error allocator_error;
    if (!allocators_parse(&list, specs, count, &allocator_error)) {
        fail_msg("%s", allocator_error.text);
    }
    struct sources sources = {0};
    struct trace_error error;
    if (!sources_add(&sources, trace_path, &error)) {
        fail_msg("%s", error.text);
    }
    struct run *run = run_create(&list, 1);
    sources_describe(&sources, run);
    run->seed = 7;
    run->cold_touch = TOUCH_PAGE;
    run->warm_touch = TOUCH_FIRST;
    schedule_run(run, &sources, options);
    sources_free(&sources);
    return run;
}

static void assert_rounds(const struct timing_samples *samples)
{
    assert_int_equal(samples->count, ROUNDS);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct timing_sample *sample = &samples->items[i];
        assert_int_equal(sample->round, i);
        assert_true(sample->pass_count >= 1);
        assert_true(sample->best_pass_ns > 0);
        assert_true(sample->best_pass_ns <= sample->first_pass_ns);
    }
}

static void assert_complete(const struct result *result)
{
    if (result->status != RESULT_OK) {
        fail_msg("%s", result->status_text);
    }
    assert_string_equal(result->status_text, "");
    assert_rounds(&result->cold);
    assert_rounds(&result->warm);
    for (size_t i = 0; i < ROUNDS; i++) {
        assert_int_equal(result->cold.items[i].pass_count, 1);
        assert_true(result->warm.items[i].pass_count >=
                    schedule_defaults.warm_min_passes);
    }
    assert_true(result->memory.measured);
    assert_true(result->memory.sample_count > 0);
}

static void assert_failed(const struct result *result, enum result_status status,
                          const char *text)
{
    assert_int_equal(result->status, status);
    if (strstr(result->status_text, text) == NULL) {
        fail_msg("expected '%s' in: %s", text, result->status_text);
    }
    assert_int_equal(result->cold.count, 0);
    assert_int_equal(result->warm.count, 0);
}

static void test_failures_stay_alone(void **state)
{
    (void)state;
    char crash[PATH_MAX];
    char hang[PATH_MAX];
    broken("crash", crash);
    broken("hang", hang);
    const char *const specs[] = {"glibc", crash, hang, "snug", "floor"};
    struct schedule_options options = quick_options();
    struct run *run = run_specs(specs, 5, &options);
    assert_complete(run_result(run, 0, 0));
    assert_failed(run_result(run, 0, 1), RESULT_CRASHED,
                  "SIGSEGV at operation 2001 of 6000 (verify pass)");
    assert_failed(run_result(run, 0, 2), RESULT_TIMED_OUT,
                  "at operation 2001 of 6000 (verify pass)");
    assert_complete(run_result(run, 0, 3));
    assert_complete(run_result(run, 0, 4));
    assert_int_equal(run->rounds, ROUNDS);
    assert_false(run->interrupted);
    run_destroy(run);
}

/* The same, but met in each of the other passes. */
static void test_failures_in_every_pass(void **state)
{
    (void)state;
    char crash[PATH_MAX];
    char hang[PATH_MAX];
    broken("crash", crash);
    broken("hang", hang);
    const char *const specs[] = {crash, hang, "glibc"};
    static const char *const passes[] = {"syscalls", "memory", "time"};
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        struct schedule_options options = quick_options();
        options.modes = modes_of(passes[i]);
        options.timeout_ns = 1500ull * NS_PER_MS;
        struct run *run = run_specs(specs, 3, &options);
        if (strcmp(passes[i], "syscalls") != 0 ||
            run_result(run, 0, 2)->syscalls.measured) { /* ptrace may be refused */
            assert_failed(run_result(run, 0, 0), RESULT_CRASHED, "SIG");
            assert_failed(run_result(run, 0, 1), RESULT_TIMED_OUT, "--timeout");
        }
        assert_int_equal(run_result(run, 0, 2)->status, RESULT_OK);
        run_destroy(run);
    }
}

/* What begins as a library does and is none: only the loader notices. */
static void test_wrong_library(void **state)
{
    (void)state;
    char path[] = "/tmp/snugbench-schedule-library-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    static const char text[] = "\177ELF, it says";
    assert_int_equal(write(file, text, sizeof text), sizeof text);
    close(file);
    char wrong[sizeof path + 8];
    snprintf(wrong, sizeof wrong, "wrong=%s", path);
    const char *const specs[] = {wrong, "glibc"};
    struct schedule_options options = quick_options();
    options.modes = modes_of("verify");
    struct run *run = run_specs(specs, 2, &options);
    unlink(path);
    assert_failed(run_result(run, 0, 0), RESULT_PRELOAD_FAILED, "malloc comes from");
    assert_failed(run_result(run, 0, 0), RESULT_PRELOAD_FAILED, "cannot be preloaded");
    assert_int_equal(run_result(run, 0, 1)->status, RESULT_OK);
    run_destroy(run);
}

/* What is asked for is done, and nothing else. */
static void test_passes(void **state)
{
    (void)state;
    const char *const specs[] = {"glibc"};
    struct schedule_options options = quick_options();
    options.modes = modes_of("memory");
    struct run *run = run_specs(specs, 1, &options);
    const struct result *result = run_result(run, 0, 0);
    assert_int_equal(result->status, RESULT_OK);
    assert_true(result->memory.measured);
    assert_false(result->syscalls.measured);
    assert_int_equal(result->warm.count, 0);
    assert_int_equal(run->rounds, 0);
    run_destroy(run);
}

static void test_budget_ends_rounds(void **state)
{
    (void)state;
    const char *const specs[] = {"glibc"};
    struct schedule_options options = quick_options();
    options.modes = modes_of("time");
    options.min_rounds = 2;
    options.max_rounds = 1000000;
    options.budget_ns = 100 * NS_PER_MS;
    struct run *run = run_specs(specs, 1, &options);
    assert_true(run->rounds >= 2);
    assert_true(run->rounds < 1000);
    assert_int_equal(run_result(run, 0, 0)->warm.count, run->rounds);
    run_destroy(run);
}

/* A trace that is too large for any machine is skipped, not begun. */
static void test_too_large(void **state)
{
    (void)state;
    const char *const specs[] = {"glibc"};
    struct allocator_list list;
    struct allocator_error allocator_error;
    assert_true(allocators_parse(&list, specs, 1, &allocator_error));
    struct sources sources = {0};
    struct trace_error error;
    assert_true(sources_add(&sources, trace_path, &error));
    sources.items[0].header.peak_live_bytes = (uint64_t)1 << 60;
    struct run *run = run_create(&list, 1);
    sources_describe(&sources, run);
    struct schedule_options options = quick_options();
    schedule_run(run, &sources, &options);
    assert_failed(run_result(run, 0, 0), RESULT_SKIPPED, "memory available");
    assert_non_null(strstr(run->traces[0].skipped, "memory available"));
    assert_false(run_result(run, 0, 0)->memory.measured);
    sources_free(&sources);
    run_destroy(run);
}

/* More jobs than places: each is run once and judged. */
static void test_batches(void **state)
{
    (void)state;
    struct trace_error error;
    struct trace *trace = trace_read(trace_path, &error);
    assert_non_null(trace);
    char name[] = "glibc";
    struct allocator glibc = {.name = name};
    for (size_t parallel = 1; parallel <= 8; parallel += 3) {
        struct job jobs[6];
        for (size_t i = 0; i < 6; i++) {
            jobs[i] = (struct job){.allocator = &glibc,
                                   .trace = trace,
                                   .mode = WORKER_VERIFY,
                                   .padding_bytes = i * 700,
                                   .timeout_ns = 20000ull * NS_PER_MS};
        }
        job_run_all(jobs, 6, parallel);
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(jobs[i].status, RESULT_OK);
            assert_int_equal(jobs[i].record->status, WORKER_DONE);
            job_close(&jobs[i]);
        }
    }
    trace_destroy(trace);
}

/* Memory passes run side by side, so a neighbour that maps the same trace must not show
 * in a worker's figures. */
static void test_memory_has_no_neighbours(void **state)
{
    (void)state;
    struct trace_error error;
    struct trace *trace = trace_read(trace_path, &error);
    assert_non_null(trace);
    char name[] = "glibc";
    struct allocator glibc = {.name = name};
    uint64_t resident_bytes[2];
    for (size_t crowd = 0; crowd < 2; crowd++) {
        struct job jobs[6];
        size_t count = crowd == 0 ? 1 : 6;
        for (size_t i = 0; i < count; i++) {
            jobs[i] = (struct job){.allocator = &glibc,
                                   .trace = trace,
                                   .mode = WORKER_MEMORY,
                                   .touch = TOUCH_ALL,
                                   .timeout_ns = 20000ull * NS_PER_MS};
        }
        job_run_all(jobs, count, count);
        /* While the others sleep. */
        resident_bytes[crowd] = jobs[0].record->after_second.resident_bytes;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(jobs[i].status, RESULT_OK);
            job_close(&jobs[i]);
        }
    }
    trace_destroy(trace);
    const uint64_t few_pages = 16384;
    assert_in_range(resident_bytes[1], resident_bytes[0] - few_pages,
                    resident_bytes[0] + few_pages);
}

static void test_rng(void **state)
{
    (void)state;
    enum {
        COUNT = 7,
        ROUND_COUNT = 200
    };
    struct rng rng = rng_create(42);
    struct rng twin = rng_create(42);
    struct rng other = rng_create(43);
    size_t firsts[COUNT] = {0};
    size_t same_as_other = 0;
    for (size_t round = 0; round < ROUND_COUNT; round++) {
        size_t order[COUNT];
        size_t twin_order[COUNT];
        size_t other_order[COUNT];
        rng_shuffle(&rng, order, COUNT);
        rng_shuffle(&twin, twin_order, COUNT);
        rng_shuffle(&other, other_order, COUNT);
        assert_memory_equal(order, twin_order, sizeof order);
        same_as_other += memcmp(order, other_order, sizeof order) == 0;
        size_t seen = 0;
        for (size_t i = 0; i < COUNT; i++) {
            seen |= (size_t)1 << order[i];
        }
        assert_int_equal(seen, (1 << COUNT) - 1);
        firsts[order[0]]++;
    }
    assert_true(same_as_other < 5);
    for (size_t i = 0; i < COUNT; i++) {
        assert_in_range(firsts[i], 10, 60); /* 28.6 expected, deviation 5 */
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    assert_true(rng_create(0).state != 0);
}

/* Two traces of one name would be one row in the table and in the files. */
static void test_names_are_unique(void **state)
{
    (void)state;
    const char *const specs[] = {"glibc"};
    struct allocator_list list;
    struct allocator_error allocator_error;
    assert_true(allocators_parse(&list, specs, 1, &allocator_error));
    struct sources sources = {0};
    struct trace_error error;
    assert_true(sources_add(&sources, trace_path, &error));
    assert_true(sources_add(&sources, trace_path, &error));
    struct run *run = run_create(&list, 2);
    sources_describe(&sources, run);
    assert_string_not_equal(run->traces[0].name, run->traces[1].name);
    run_destroy(run);
    sources_free(&sources);
}

/* Beyond the limit a trace is not kept but read again, and must be the same. */
static void test_read_again(void **state)
{
    (void)state;
    struct sources sources = {.kept_bytes = (size_t)1 << 30};
    struct trace_error error;
    assert_true(sources_add(&sources, trace_path, &error));
    assert_null(sources.items[0].kept);
    struct trace *trace = sources_open(&sources, 0, &error);
    assert_non_null(trace);
    assert_int_equal(trace->header->op_count, 2 * BLOCKS);
    sources_close(&sources, 0, trace);
    sources.items[0].header.op_count--;
    assert_null(sources_open(&sources, 0, &error));
    assert_non_null(strstr(error.text, "changed since it was checked"));
    sources_free(&sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rng),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_memory_has_no_neighbours),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_budget_ends_rounds),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_wrong_library),
        cmocka_unit_test(test_failures_stay_alone),
        cmocka_unit_test(test_failures_in_every_pass),
    };
    return cmocka_run_group_tests(tests, write_trace, remove_trace);
}
