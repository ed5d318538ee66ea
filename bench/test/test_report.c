/* The files that a run leaves: their cells, and what a failed write leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/replay_answer.h"
#include "csv_cells.h"
#include "handmade.h"
#include "report/report.h"
#include "whole_file.h"

static char directory[] = "/tmp/snug-test-report-XXXXXX";

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void remove_files(void)
{
    static const char *const names[] = {
        "summary.csv",  "totals.csv",   "samples.csv",       "timeline.csv",
        "syscalls.csv", "latency.csv",  "latency_curve.csv", "environment.json",
        "answer.txt",   "compare.json", "verdicts.txt",      "out.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unlink(path_of(names[i]));
    }
    rmdir(directory);
}

static bool write_into(const struct run *run, const char *path,
                       struct report_error *error)
{
    struct summary *summary = summary_create(run, summary_defaults);
    struct answer answer;
    assert_true(replay_answer_create(&answer, run, summary));
    const bool written = report_write_directory(run, summary, &answer, path, error);
    answer_destroy(&answer);
    summary_destroy(summary);
    return written;
}

static bool export_into(const struct run *run, const char *path,
                        struct report_error *error)
{
    struct summary *summary = summary_create(run, summary_defaults);
    const bool written =
        report_export(run, summary, NULL, REPORT_SUMMARY_CSV, path, error);
    summary_destroy(summary);
    return written;
}

static void write_all(const struct run *run)
{
    struct report_error error = {.text = ""};
    assert_true(write_into(run, directory, &error));
    assert_string_equal(error.text, "");
}

static struct csv_cells *read_cells(const char *name)
{
    char *text = read_whole(path_of(name));
    struct csv_cells *cells = csv_cells_of(text);
    free(text);
    return cells;
}

static void test_summary(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    write_all(run);
    struct csv_cells *cells = read_cells("summary.csv");
    assert_int_equal(cells->row_count, 1 + HANDMADE_TRACES * HANDMADE_ALLOCATORS);
    assert_string_equal(csv_cell(cells, 1, "trace"), "first");
    assert_string_equal(csv_cell(cells, 1, "role"), "reference");
    assert_string_equal(csv_cell(cells, 1, "utilization_ratio"), "0.5");
    assert_string_equal(csv_cell(cells, 2, "allocator"), "snug");
    assert_string_equal(csv_cell(cells, 2, "status"), "ok");
    assert_string_equal(csv_cell(cells, 2, "warm_ns_per_op"), "10");
    assert_string_equal(csv_cell(cells, 2, "warm_mops"), "100");
    assert_string_equal(csv_cell(cells, 2, "warm_verdict"), "faster");
    assert_string_equal(csv_cell(cells, 2, "utilization_ratio"), "0.8");
    assert_string_equal(csv_cell(cells, 2, "peak_resident_growth_bytes"), "1310720");
    assert_string_equal(csv_cell(cells, 2, "live_at_resident_peak_bytes"), "786432");
    assert_string_equal(csv_cell(cells, 2, "internal_at_resident_peak_bytes"), "16384");
    assert_string_equal(csv_cell(cells, 2, "external_at_resident_peak_bytes"),
                        "507904");
    assert_string_equal(csv_cell(cells, 2, "start_up_syscalls_count"), "9");
    assert_string_equal(csv_cell(cells, 2, "instructions_per_op"), "80");
    assert_string_equal(csv_cell(cells, 2, "cycles_per_op"), "40");
    assert_string_equal(csv_cell(cells, 2, "l1d_misses_per_op"), "");
    assert_string_equal(csv_cell(cells, 2, "callgrind_instructions_per_op"), "70");
    assert_string_equal(csv_cell(cells, 3, "role"), "floor");
    assert_string_equal(csv_cell(cells, 3, "utilization_ratio"), "");
    assert_string_equal(csv_cell(cells, 4, "trace"), "second, \"quoted\"");
    csv_cells_free(cells);
    handmade_destroy(run);
}

static void test_not_measured_is_an_empty_cell(void **state)
{
    (void)state;
    static const char *const absent[] = {
        "warm_ns_per_op",
        "warm_mops",
        "warm_speed_ratio",
        "warm_verdict",
        "warm_minor_faults_per_pass",
        "cold_ns_per_op",
        "cold_minor_faults_count",
        "utilization_ratio",
        "mapped_utilization_ratio",
        "peak_resident_growth_bytes",
        "replay_syscalls_count",
        "live_at_resident_peak_bytes",
        "external_at_resident_peak_bytes",
        "instructions_per_op",
        "callgrind_instructions_per_op",
    };
    struct run *run = handmade_create();
    struct result *snug = handmade_result(run, 0, HANDMADE_SNUG);
    snug->status = RESULT_CRASHED;
    strcpy(snug->status_text, "signal 11 at operation 17, \"why\"");
    write_all(run);
    struct csv_cells *cells = read_cells("summary.csv");
    assert_string_equal(csv_cell(cells, 2, "status"), "crashed");
    assert_string_equal(csv_cell(cells, 2, "status_text"), snug->status_text);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_string_equal(csv_cell(cells, 2, absent[i]), "");
    }
    csv_cells_free(cells);
    handmade_destroy(run);
}

static void test_no_cell_is_inf_or_nan(void **state)
{
    (void)state;
    static const char *const names[] = {"summary.csv", "totals.csv", "timeline.csv"};
    struct run *run = handmade_create();
    for (size_t i = 0; i < HANDMADE_ROUNDS; i++) {
        handmade_result(run, 0, HANDMADE_SNUG)->warm.items[i].best_pass_ns = 0;
    }
    run->traces[1].header.op_count = 0;
    run->traces[1].header.peak_live_bytes = 0;
    write_all(run);
    for (size_t i = 0; i < 3; i++) {
        char *text = read_whole(path_of(names[i]));
        assert_null(strstr(text, "\"inf"));
        assert_null(strstr(text, "\"-inf"));
        assert_null(strstr(text, "nan"));
        free(text);
    }
    handmade_destroy(run);
}

static void test_other_files(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    write_all(run);
    char *text = read_whole(path_of("syscalls.csv"));
    assert_non_null(strstr(text,
                           "\"trace\",\"allocator\",\"role\",\"phase\",\"call\","
                           "\"calls_count\"\n"
                           "\"first\",\"glibc\",\"reference\",\"start-up\",\"brk\","
                           "\"1\"\n"));
    assert_non_null(
        strstr(text, "\"first\",\"snug\",\"allocator\",\"replay\",\"brk\",\"3\"\n"));
    free(text);
    struct csv_cells *samples = read_cells("samples.csv");
    assert_int_equal(samples->row_count,
                     1 + HANDMADE_ALLOCATORS * (2 + 3) * HANDMADE_ROUNDS);
    assert_string_equal(csv_cell(samples, 1, "mode"), "cold");
    assert_string_equal(csv_cell(samples, 8, "mode"), "warm");
    assert_string_equal(csv_cell(samples, 8, "best_pass_ns"), "19997");
    assert_string_equal(csv_cell(samples, 1, "warm_up_passes_count"), "0");
    assert_string_equal(csv_cell(samples, 8, "warm_up_passes_count"), "2");
    assert_string_equal(csv_cell(samples, 8, "passes_count"), "10");
    assert_string_equal(csv_cell(samples, 8, "minor_faults_count"), "100");
    csv_cells_free(samples);
    struct csv_cells *timeline = read_cells("timeline.csv");
    assert_int_equal(timeline->row_count,
                     1 + HANDMADE_TRACES * HANDMADE_ALLOCATORS * 2);
    assert_string_equal(csv_cell(timeline, 2, "live_bytes"), "1048576");
    assert_string_equal(csv_cell(timeline, 2, "internal_bytes"), "16384");
    assert_string_equal(csv_cell(timeline, 2, "external_bytes"), "1032192");
    assert_string_equal(csv_cell(timeline, 2, "resident_growth_bytes"), "2097152");
    csv_cells_free(timeline);
    struct csv_cells *totals = read_cells("totals.csv");
    assert_int_equal(totals->row_count, 1 + HANDMADE_ALLOCATORS);
    assert_string_equal(csv_cell(totals, 2, "geomean_warm_mops"), "100");
    assert_string_equal(csv_cell(totals, 2, "mean_utilization_ratio"), "0.8");
    assert_string_equal(csv_cell(totals, 2, "mean_internal_share_ratio"), "0.0125");
    assert_string_equal(csv_cell(totals, 2, "mean_after_second_share_ratio"), "0");
    assert_string_equal(csv_cell(totals, 2, "mean_callgrind_instructions_per_op"),
                        "70");
    assert_string_equal(csv_cell(totals, 2, "mean_dtlb_misses_per_op"), "");
    csv_cells_free(totals);
    handmade_destroy(run);
}

static void test_latency(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    handmade_result(run, 1, HANDMADE_GLIBC)->status = RESULT_CRASHED;
    write_all(run);
    struct csv_cells *cells = read_cells("latency.csv");
    /* malloc and free, of one class and of all, but for the trace that crashed. */
    assert_int_equal(cells->row_count,
                     1 + (HANDMADE_TRACES * HANDMADE_ALLOCATORS - 1) * 2 * 2);
    assert_string_equal(csv_cell(cells, 5, "allocator"), "snug");
    assert_string_equal(csv_cell(cells, 5, "operation"), "malloc");
    assert_string_equal(csv_cell(cells, 5, "size_class"), "to 512 B");
    assert_string_equal(csv_cell(cells, 6, "size_class"), "all");
    assert_string_equal(csv_cell(cells, 5, "operations_count"), "200000");
    assert_string_equal(csv_cell(cells, 5, "p50_ns"), "20");
    assert_string_equal(csv_cell(cells, 5, "p99_ns"), "20");
    assert_true(fabs(strtod(csv_cell(cells, 5, "p99_9_ns"), NULL) - 400) <= 400.0 / 64);
    assert_true(fabs(strtod(csv_cell(cells, 5, "p99_99_ns"), NULL) - 400) <=
                400.0 / 64);
    assert_string_equal(csv_cell(cells, 5, "max_ns"), "400");
    assert_string_equal(csv_cell(cells, 5, "clock_ns"), "10");
    csv_cells_free(cells);
    /* Over the one trace that all completed. */
    cells = read_cells("latency_curve.csv");
    assert_string_equal(csv_cell(cells, 1, "allocator"), "glibc");
    assert_string_equal(csv_cell(cells, 1, "traces_count"), "1");
    assert_string_equal(csv_cell(cells, 1, "operations_count"), "200000");
    assert_string_equal(csv_cell(cells, 1, "percentile"), "50");
    assert_string_equal(csv_cell(cells, 1, "latency_ns"), "30");
    assert_string_equal(csv_cell(cells, 1, "clock_ns"), "10");
    csv_cells_free(cells);
    handmade_destroy(run);
}

static void test_environment_is_json(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    run->argc = 2;
    char command[] = "replay";
    char trace[] = "a \"b\".rep";
    run->argv = (char *[]){command, trace, NULL};
    write_all(run);
    json_error_t error;
    json_t *object = json_load_file(path_of("environment.json"), 0, &error);
    assert_non_null(object);
    assert_int_equal(json_integer_value(json_object_get(object, "schema_version")), 2);
    const json_t *how = json_object_get(object, "run");
    assert_int_equal(json_integer_value(json_object_get(how, "rounds")),
                     HANDMADE_ROUNDS);
    const json_t *words = json_object_get(how, "command_line");
    assert_int_equal(json_array_size(words), 3);
    assert_string_equal(json_string_value(json_array_get(words, 0)),
                        program_invocation_name);
    assert_string_equal(json_string_value(json_array_get(words, 1)), "replay");
    assert_string_equal(json_string_value(json_array_get(words, 2)), "a \"b\".rep");
    assert_int_equal(json_array_size(json_object_get(object, "allocators")),
                     HANDMADE_ALLOCATORS);
    assert_non_null(json_object_get(json_object_get(object, "machine"), "kernel"));
    json_decref(object);
    handmade_destroy(run);
}

static size_t entries_in_directory(void)
{
    char command[300];
    size_t count = 0;
    snprintf(command, sizeof command, "ls -A '%s'", directory);
    FILE *list = popen(command, "r");
    for (int c = getc(list); c != EOF; c = getc(list)) {
        count += c == '\n';
    }
    pclose(list);
    return count;
}

/* A limit on file size stands in for a full disk: writing fails in the middle. What
 * stood there stays, and nothing half-written is left beside it. */
static void test_failed_write_leaves_old_files(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    write_all(run);
    char *before = read_whole(path_of("samples.csv"));
    const size_t entries = entries_in_directory();
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE,
              &(struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max});
    struct report_error error = {.text = ""};
    const bool written = write_into(run, directory, &error);
    const bool exported = export_into(run, "/dev/full", &error);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_false(written);
    assert_false(exported);
    assert_string_equal(error.text,
                        "cannot write '/dev/full': No space left on device");
    char *after = read_whole(path_of("samples.csv"));
    assert_string_equal(before, after);
    assert_int_equal(entries_in_directory(), entries);
    free(before);
    free(after);
    handmade_destroy(run);
}

static bool writes_into(const struct run *run, const char *name)
{
    struct report_error error;
    return write_into(run, path_of(name), &error);
}

static void test_failed_write_leaves_no_new_directory(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    assert_int_equal(mkdir(path_of("old"), 0700), 0);
    const size_t entries = entries_in_directory();
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 1, .rlim_max = old.rlim_max});
    const bool written = writes_into(run, "new") || writes_into(run, "new/and/more/") ||
                         writes_into(run, "old") || writes_into(run, "old/new");
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(written);
    assert_int_equal(entries_in_directory(), entries);
    assert_int_equal(rmdir(path_of("old")), 0); /* the user's own stays, empty */
    handmade_destroy(run);
}

static void test_export(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct report_error error = {.text = ""};
    write_all(run);
    assert_true(export_into(run, path_of("out.csv"), &error));
    char *exported = read_whole(path_of("out.csv"));
    char *summary = read_whole(path_of("summary.csv"));
    assert_string_equal(exported, summary);
    assert_false(export_into(run, "/nowhere/out.csv", &error));
    assert_string_equal(error.text,
                        "cannot write '/nowhere/out.csv': No such file or directory");
    free(exported);
    free(summary);
    handmade_destroy(run);
}

/* With a directory as argument: only write the files there, for test_charts.sh. */
/* Faster and more compact on one trace, and written for itself. */
static void test_loss_on_both(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        handmade_result(run, trace, HANDMADE_GLIBC)->memory.peaks.resident_bytes =
            (4 << 20) + 1200000;
    }
    struct timing_samples theirs = handmade_result(run, 1, HANDMADE_GLIBC)->warm;
    for (size_t i = 0; i < theirs.count; i++) {
        theirs.items[i].best_pass_ns /= 4;
    }
    write_all(run);
    char *text = read_whole(path_of("verdicts.txt"));
    assert_non_null(strstr(
        text, "  in speed and utilization at once to glibc on second, \"quoted\"\n"));
    free(text);
    handmade_destroy(run);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        struct run *run = handmade_create();
        struct report_error error;
        const bool written = write_into(run, argv[1], &error);
        handmade_destroy(run);
        return written ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_not_measured_is_an_empty_cell),
        cmocka_unit_test(test_no_cell_is_inf_or_nan),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_environment_is_json),
        cmocka_unit_test(test_failed_write_leaves_old_files),
        cmocka_unit_test(test_failed_write_leaves_no_new_directory),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_loss_on_both),
    };
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_files();
    return failed;
}
