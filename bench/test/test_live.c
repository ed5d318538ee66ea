/* One run of a program: its peak, its processes, the preload in each of them; and the
 * small parts around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/candidates.h"
#include "live/rounds.h"
#include "live/run.h"
#include "live/server.h"
#include "live/timed.h"
#include "process/cgroup.h"
#include "process/clock.h"
#include "process/preload.h"
#include "process/program.h"
#include "process/signals.h"

#define MIB ((uint64_t)1 << 20)

static char library[PATH_MAX]; /* any library that can be preloaded */

/* A whole run of a shell script; its tree's note in `note`. */
static struct live_memory run(const char *script, const char *preload, bool follow,
                              int *wait_status, char *note, size_t note_size)
{
    char shell[] = "sh";
    char option[] = "-c";
    char text[500];
    char *const command[] = {shell, option, text, NULL};
    snprintf(text, sizeof text, "%s", script);
    char error[300];
    struct candidate candidate = {
        .library = (char *)(uintptr_t)preload,
        .preload = preload != NULL ? preload_path(preload, error, sizeof error) : NULL};
    const struct run_plan plan = {.command = command,
                                  .candidate = &candidate,
                                  .output = -1,
                                  .timeout_ns = 60000000000u,
                                  .follow = follow};
    struct live_run live;
    struct live_memory memory;
    assert_true(live_start(&live, &plan, error, sizeof error));
    while (!live.root.ended && clock_now_ns() < live.root.deadline_ns) {
        live_step(&live);
    }
    assert_true(live.root.ended);
    *wait_status = live.root.wait_status;
    live_finish(&live, &memory);
    tree_note(&live.tree, note, note_size);
    if (follow && !live.is_followed) {
        live_destroy(&live);
        skip();
    }
    live_destroy(&live);
    return memory;
}

static const char large[] = "exec dd if=/dev/zero of=/dev/null bs=64M count=1";

static void check_large(bool follow)
{
    char note[300];
    int status;
    const struct live_memory memory =
        run(large, NULL, follow, &status, note, sizeof note);
    assert_int_equal(status, 0);
    assert_int_equal(memory.process_count, 1);
    assert_true(memory.peak_bytes >= 64 * MIB);
    assert_true(memory.peak_bytes < 80 * MIB);
    assert_true(memory.minor_faults > 0);
    if (memory.method != PEAK_CGROUP) {
        assert_int_equal(memory.method, PEAK_PROCESS);
    }
}

static void test_peak_followed(void **state)
{
    (void)state;
    check_large(true);
}

static void test_peak_sampled(void **state)
{
    (void)state;
    check_large(false);
}

/* The kernel's ru_maxrss of a child begins at what its parent had resident. */
static void check_small(bool follow)
{
    char note[300];
    int status;
    char *ours = malloc(200 * MIB);
    assert_non_null(ours);
    memset(ours, 1, 200 * MIB);
    const struct live_memory memory =
        run("exec true", NULL, follow, &status, note, sizeof note);
    assert_int_equal(ours[100 * MIB], 1);
    free(ours);
    assert_true(memory.peak_bytes < 50 * MIB);
}

static void test_own_memory_is_not_the_childs(void **state)
{
    (void)state;
    check_small(true);
}

static void test_own_memory_is_not_the_childs_sampled(void **state)
{
    (void)state;
    check_small(false);
}

/* Each of them lives long enough that both are there at once. */
static void test_tree_is_summed(void **state)
{
    (void)state;
    static char script[] =
        "for i in 1 2; do dd if=/dev/zero bs=32M count=1 2>/dev/null | sleep 0.3 & "
        "done; wait";
    char note[300];
    int status;
    const struct live_memory memory =
        run(script, NULL, true, &status, note, sizeof note);
    assert_int_equal(status, 0);
    assert_true(memory.process_count >= 5);
    /* Both writers wait, whole, for readers that do not read. */
    assert_true(memory.peak_bytes >= 60 * MIB);
    assert_true(memory.method == PEAK_TREE || memory.method == PEAK_CGROUP);
}

static void test_orphans_are_ended(void **state)
{
    (void)state;
    static char script[] = "sleep 300 & setsid sleep 301 & exit 0";
    char note[300];
    int status;
    run(script, NULL, false, &status, note, sizeof note);
    /* None is left: no child of ours, for they would have become that. */
    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
}

static void test_preload_is_seen(void **state)
{
    (void)state;
    static char script[] = "true; true";
    char note[300];
    int status;
    run(script, library, true, &status, note, sizeof note);
    assert_string_equal(note, "");
}

/* `true` lives for a millisecond: only who follows it to its exit sees it. */
static void test_cleaned_environment_is_seen(void **state)
{
    (void)state;
    static char script[] = "env -i /bin/true; /bin/true";
    char note[300];
    int status;
    run(script, library, true, &status, note, sizeof note);
    assert_non_null(strstr(note, "1 of 3 processes ran without the preload, first "));
    assert_non_null(strstr(note, "true (environment cleaned by the program)"));
    static char emptied[] = "LD_PRELOAD= /bin/true; /bin/true";
    run(emptied, library, true, &status, note, sizeof note);
    assert_non_null(strstr(note, "true (environment cleaned by the program)"));
}

static void test_missing_program(void **state)
{
    (void)state;
    char program[] = "/nowhere/at-all";
    char *const command[] = {program, NULL};
    struct candidate candidate = {.library = NULL};
    const struct run_plan plan = {
        .command = command, .candidate = &candidate, .output = -1, .follow = true};
    struct live_run live;
    char error[300];
    assert_false(live_start(&live, &plan, error, sizeof error));
    assert_string_equal(error,
                        "cannot run '/nowhere/at-all': No such file or directory");
}

static void test_script_is_resolved(void **state)
{
    (void)state;
    char path[] = "/tmp/snug-test-script-XXXXXX";
    char real[PATH_MAX];
    char shell[PATH_MAX];
    const int file = mkstemp(path);
    assert_true(file >= 0);
    dprintf(file, "#!/usr/bin/env -S A=b sh -e\ntrue\n");
    fchmod(file, 0755);
    close(file);
    program_resolve(path, real);
    unlink(path);
    assert_true(program_locate("sh", shell));
    assert_string_equal(real, shell);
    assert_int_equal(program_judge(real), PROGRAM_DYNAMIC);
}

static void test_program_kinds(void **state)
{
    (void)state;
    assert_int_equal(program_judge("/proc/self/exe"), PROGRAM_DYNAMIC);
    assert_int_equal(program_judge("/etc/passwd"), PROGRAM_UNKNOWN);
    /* A library has a malloc of its own and no loader: it counts as static. */
    assert_int_equal(program_judge(library), PROGRAM_STATIC);
    char path[PATH_MAX];
    assert_false(program_locate("no-such-program-anywhere", path));
    assert_false(program_locate("/tmp", path));
}

static void test_cgroup_folder(void **state)
{
    (void)state;
    char path[256];
    const char *mounts = "proc /proc proc rw 0 0\n"
                         "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
                         "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
    assert_true(cgroup_own_folder("4:memory:/x\n0::/user.slice/a b\n", mounts, path,
                                  sizeof path));
    assert_string_equal(path, "/sys/fs/cgroup/unified/user.slice/a b");
    assert_true(cgroup_own_folder("0::/\n", mounts, path, sizeof path));
    assert_string_equal(path, "/sys/fs/cgroup/unified");
    assert_false(cgroup_own_folder("4:memory:/x\n", mounts, path, sizeof path));
    assert_false(
        cgroup_own_folder("0::/\n", "proc /proc proc rw 0 0\n", path, sizeof path));
}

/* A folder that is no control group gives none, and nothing is left in it. */
static void test_cgroup_needs_its_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/snug-test-cgroup-XXXXXX";
    struct cgroup group;
    assert_non_null(mkdtemp(folder));
    assert_false(cgroup_create_below(&group, folder));
    assert_int_equal(rmdir(folder), 0);
}

static void test_metric(void **state)
{
    (void)state;
    regex_t whole;
    regex_t part;
    double value = 0;
    regcomp(&whole, "SET: [0-9.]+", REG_EXTENDED | REG_NEWLINE);
    regcomp(&part, "p([0-9]+)=([0-9.]+)", REG_EXTENDED | REG_NEWLINE);
    assert_true(
        server_find_metric(&whole, "PING: 7\nSET: 123456.78 requests\n", &value));
    assert_true(value == 123456.78);
    assert_true(server_find_metric(&part, "p99=3.5", &value));
    assert_true(value == 99);
    assert_false(server_find_metric(&whole, "SET: none", &value));
    assert_false(server_find_metric(&whole, "SET: 1,234.5", &value));
    regfree(&whole);
    regfree(&part);
}

static void test_growth(void **state)
{
    (void)state;
    struct live_point points[100];
    double slope = 0;
    for (size_t i = 0; i < 100; i++) {
        /* Filled up by half-time, then 1 MiB a second. */
        points[i] = (struct live_point){
            .phase = LIVE_LOAD,
            .time_s = (double)i,
            .resident_bytes = i < 50 ? 10 * MIB * i : 500 * MIB + MIB * (i - 50)};
    }
    assert_true(server_growth(points, 100, &slope));
    assert_float_equal(slope, 60.0 * (double)MIB, 1000);
    /* Ten seconds of the second half are the least. */
    assert_false(server_growth(points, 20, &slope));
}

static void test_command_is_quoted(void **state)
{
    (void)state;
    char program[] = "a b";
    char word[] = "it's";
    char empty[] = "";
    char *const command[] = {program, word, empty, NULL};
    char variable[] = "A=1 2";
    char *variables[] = {variable};
    struct candidate candidate = {
        .preload = "/l.so", .variables = variables, .variable_count = 1};
    struct timed_plan plan = {.command = command, .candidate = &candidate};
    unsetenv("LD_PRELOAD");
    char *text = timed_command(&plan);
    assert_string_equal(text,
                        "env 'LD_PRELOAD=/l.so' 'A=1 2' 'SNUGBENCH_PADDING=' 'a b' "
                        "'it'\\''s' ''");
    free(text);
    plan.input = "in put";
    text = timed_command(&plan);
    assert_non_null(
        strstr(text, "sh -c 'exec env \"$@\" <\"$0\"' 'in put' 'LD_PRELOAD="));
    free(text);
}

static void test_candidates(void **state)
{
    (void)state;
    struct study study = {.count = 0};
    struct allocator_error error = {.text = ""};
    char mine[PATH_MAX + 80];
    snprintf(mine, sizeof mine, "mine=%s,MALLOC_CONF=a:1,b:2,X_1=,Y=3", library);
    const char *specs[] = {"glibc",
                           "arena=glibc,GLIBC_TUNABLES=glibc.malloc.arena_max=1", mine};
    assert_true(candidates_parse(&study, specs, 3, &error));
    assert_int_equal(study.count, 3);
    assert_null(study.candidates[0].library);
    assert_int_equal(study.candidates[0].variable_count, 0);
    assert_string_equal(study.candidates[1].name, "arena");
    assert_null(study.candidates[1].library);
    assert_string_equal(study.candidates[1].variables[0],
                        "GLIBC_TUNABLES=glibc.malloc.arena_max=1");
    assert_string_equal(study.candidates[2].library, library);
    assert_int_equal(study.candidates[2].variable_count, 3);
    assert_string_equal(study.candidates[2].variables[0], "MALLOC_CONF=a:1,b:2");
    assert_string_equal(study.candidates[2].variables[1], "X_1=");
    assert_string_equal(study.candidates[2].variables[2], "Y=3");
    candidates_free(&study);

    const char *twice[] = {"glibc", "glibc=glibc,A=b"};
    assert_false(candidates_parse(&study, twice, 2, &error));
    assert_non_null(strstr(error.text, "'glibc' is given twice"));
    const char *unknown[] = {"nothing,A=b"};
    assert_false(candidates_parse(&study, unknown, 1, &error));
    assert_non_null(strstr(error.text, "no allocator 'nothing'"));
    const char *nameless[] = {"=glibc"};
    assert_false(candidates_parse(&study, nameless, 1, &error));
}

static void assert_near(double found, double expected)
{
    assert_true(found > expected - 1e-9 && found < expected + 1e-9);
}

/* Of two candidates, a run taking a second. */
static void test_time_left(void **state)
{
    (void)state;
    struct study study = {.count = 2};
    struct live_options options = {
        .budget_s = 240,
        .min_rounds = 1,
        .max_rounds = 1,
        .memory_rounds = 3,
        .warmup_count = 1,
    };
    struct rounds rounds = {.study = &study, .options = &options, .runs_done = 2};
    /* A round and one look at memory in it; each run counts when it is over. */
    assert_near(rounds_seconds_left(&rounds, 2), 4);
    rounds.runs_done = 5;
    assert_near(rounds_seconds_left(&rounds, 5), 1);
    rounds.runs_done = 6;
    assert_near(rounds_seconds_left(&rounds, 6), 0);
    options.max_rounds = 100;
    assert_near(rounds_seconds_left(&rounds, 6), 200); /* memory in two rounds alone */
    options.budget_s = 20;
    assert_near(rounds_seconds_left(&rounds, 6), 14);
    options.budget_s = 1;
    options.min_rounds = 5;
    assert_near(rounds_seconds_left(&rounds, 6), 10);
    options.is_server = true; /* its memory is seen in every run */
    assert_near(rounds_seconds_left(&rounds, 6), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peak_followed),
        cmocka_unit_test(test_peak_sampled),
        cmocka_unit_test(test_own_memory_is_not_the_childs),
        cmocka_unit_test(test_own_memory_is_not_the_childs_sampled),
        cmocka_unit_test(test_tree_is_summed),
        cmocka_unit_test(test_orphans_are_ended),
        cmocka_unit_test(test_preload_is_seen),
        cmocka_unit_test(test_cleaned_environment_is_seen),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_script_is_resolved),
        cmocka_unit_test(test_program_kinds),
        cmocka_unit_test(test_cgroup_folder),
        cmocka_unit_test(test_cgroup_needs_its_file),
        cmocka_unit_test(test_metric),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_command_is_quoted),
        cmocka_unit_test(test_time_left),
        cmocka_unit_test(test_candidates),
    };
    const char *build = getenv("BUILD");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/libsnug.so", build != NULL ? build : "build");
    if (realpath(path, library) == NULL) {
        perror(path);
        return 1;
    }
    signals_hold();
    live_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
