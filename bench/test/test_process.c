/* Starting programs, watching them, and judging how they ended. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/clock.h"
#include "process/ending.h"
#include "process/output.h"
#include "process/preload.h"
#include "process/shell.h"
#include "process/signals.h"
#include "process/spawn.h"

static const uint64_t long_ns = 60 * UINT64_C(1000000000);

/* A shell script as one kind of process, its output in process.output_fd. */
static struct process start(enum process_kind kind, const char *script,
                            uint64_t timeout_ns)
{
    char text[300];
    char error[128];
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, text, NULL};
    const int output = output_file();
    const struct process_plan plan = {
        .kind = kind,
        .arguments = arguments,
        .files = {-1, output, output},
        .file_count = 3,
        .output_fd = output,
        .timeout_ns = timeout_ns,
    };
    struct process process;
    snprintf(text, sizeof text, "%s", script);
    if (!process_start(&process, &plan, error, sizeof error)) {
        fail_msg("%s", error);
    }
    return process;
}

static void check(const char *script, uint64_t timeout_ns, enum ending_kind kind,
                  int number, int exit_code, const char *text)
{
    char found[300];
    struct process process = start(PROCESS_COMMAND, script, timeout_ns);
    process_wait(&process);
    const struct ending ending = ending_of(&process);
    ending_quote(ending, process.output_fd, found, sizeof found);
    process_close(&process);
    assert_int_equal(ending.kind, kind);
    assert_int_equal(ending.number, number);
    assert_int_equal(ending_exit_code(ending), exit_code);
    assert_string_equal(found, text);
    assert_int_equal(ending_is_good(ending), kind == ENDING_EXIT && number == 0);
}

static void test_endings(void **state)
{
    (void)state;
    check("exit 0", long_ns, ENDING_EXIT, 0, 0, "exit code 0");
    check("printf 'a\\033b\\nc'; exit 3", 0, ENDING_EXIT, 3, 3, "exit code 3: a b");
    check("printf 'Traceback (most recent call last):\\n  in x\\nE: y\\n\\n'; exit 1",
          0, ENDING_EXIT, 1, 1, "exit code 1: E: y");
    check("kill -SEGV $$", long_ns, ENDING_SIGNAL, SIGSEGV, 128 + SIGSEGV,
          "killed by SIGSEGV");
    check("sleep 60", 50000000, ENDING_TIMED_OUT, 0, 128 + SIGKILL,
          "timed out after 0.05 s (--timeout)");
}

static void test_looping_or_waiting(void **state)
{
    (void)state;
    struct process waiting = start(PROCESS_TOOL, "sleep 60", 300000000);
    process_wait(&waiting);
    assert_false(ending_of(&waiting).is_looping);
    process_close(&waiting);
    /* However busy the machine is: from the figures of a process that has ended. */
    struct process looping = {.pid = 1, .ended = true, .timed_out = true};
    looping.timeout_ns = 1000000000;
    looping.usage.ru_utime.tv_usec = 600000;
    assert_true(ending_of(&looping).is_looping);
}

static void test_missing_program(void **state)
{
    (void)state;
    char *arguments[] = {(char[]){"/nowhere/at-all"}, NULL};
    struct process_plan plan = {.kind = PROCESS_COMMAND,
                                .arguments = arguments,
                                .output_fd = -1,
                                .timeout_ns = long_ns};
    char text[128];
    struct process process;
    assert_true(process_start(&process, &plan, text, sizeof text));
    assert_int_equal(process_start_error(&process), ENOENT);
    process_wait(&process);
    struct ending ending = ending_of(&process);
    process_close(&process);
    assert_int_equal(ending.kind, ENDING_NOT_RUN);
    assert_int_equal(ending_exit_code(ending), 127);
    ending_text(ending, text, sizeof text);
    assert_string_equal(text, "cannot be run: No such file or directory");

    plan.path = "/etc/passwd";
    assert_true(process_start(&process, &plan, text, sizeof text));
    process_wait(&process);
    ending = ending_of(&process);
    process_close(&process);
    assert_int_equal(ending.number, EACCES);
    assert_int_equal(ending_exit_code(ending), 126);
}

static bool refuse(const void *context)
{
    errno = *(const int *)context;
    return false;
}

static bool set_variable(const void *context)
{
    return setenv("SNUG_TEST", context, 1) == 0;
}

/* What the child does last: seen by the program, or the reason why there is none. */
static void test_entering(void **state)
{
    (void)state;
    const int reason = EXDEV;
    char error[128];
    char line[64];
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo $SNUG_TEST"},
                         NULL};
    const int output = output_file();
    struct process_plan plan = {.kind = PROCESS_COMMAND,
                                .arguments = arguments,
                                .files = {-1, output, output},
                                .file_count = 3,
                                .output_fd = output,
                                .enter = set_variable,
                                .context = "there"};
    struct process process;
    assert_true(process_start(&process, &plan, error, sizeof error));
    process_wait(&process);
    output_first_line(process.output_fd, line, sizeof line);
    assert_string_equal(line, "there");
    process_close(&process);

    plan.output_fd = plan.files[1] = plan.files[2] = -1;
    plan.enter = refuse;
    plan.context = &reason;
    assert_true(process_start(&process, &plan, error, sizeof error));
    process_wait(&process);
    assert_int_equal(ending_of(&process).number, EXDEV);
    process_close(&process);
}

static void test_held_back(void **state)
{
    (void)state;
    char error[128];
    char *arguments[] = {(char[]){"true"}, NULL};
    const struct process_plan plan = {.kind = PROCESS_TOOL,
                                      .arguments = arguments,
                                      .files = {-1, -1, -1},
                                      .file_count = 3,
                                      .output_fd = -1,
                                      .is_held = true};
    struct process process;
    assert_true(process_start(&process, &plan, error, sizeof error));
    signals_wait(clock_now_ns() + 50000000);
    process_poll(&process);
    assert_false(process.ended);
    process_go(&process);
    process_wait(&process);
    assert_true(ending_is_good(ending_of(&process)));
    process_close(&process);
    /* One that is never let go is no reason to wait. */
    assert_true(process_start(&process, &plan, error, sizeof error));
    process_close(&process);
    assert_true(process.ended);
}

/* Descriptors of ours that are open, without O_CLOEXEC, reach the user's program, as
 * from a shell, but not a tool. */
static void test_files(void **state)
{
    (void)state;
    char line[64];
    static const char script[] = "(: <&9) 2>/dev/null && echo there || echo gone";
    assert_int_equal(dup2(STDIN_FILENO, 9), 9);
    struct process process = start(PROCESS_COMMAND, script, long_ns);
    process_wait(&process);
    output_first_line(process.output_fd, line, sizeof line);
    process_close(&process);
    assert_string_equal(line, "there");
    process = start(PROCESS_TOOL, script, long_ns);
    process_wait(&process);
    output_first_line(process.output_fd, line, sizeof line);
    process_close(&process);
    assert_string_equal(line, "gone");
    close(9);
}

/* The pid that the script has printed; whether it lives on. */
static bool leaves_behind(enum process_kind kind)
{
    char line[32];
    struct process process = start(kind, "sleep 60 >/dev/null 2>&1 & echo $!", long_ns);
    process_wait(&process);
    output_first_line(process.output_fd, line, sizeof line);
    process_close(&process);
    const pid_t pid = (pid_t)strtol(line, NULL, 10);
    assert_true(pid > 1);
    char path[64];
    char text[256] = "";
    bool lives = true;
    for (int i = 0; i < 2000 && lives; i++) {
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *in = fopen(path, "re");
        lives = in != NULL && fgets(text, sizeof text, in) != NULL &&
                strstr(text, ") Z ") == NULL;
        if (in != NULL) {
            fclose(in);
        }
        if (kind == PROCESS_COMMAND) {
            break;
        }
        usleep(10000);
    }
    kill(pid, SIGKILL);
    return lives;
}

static void test_what_is_left_behind(void **state)
{
    (void)state;
    assert_false(leaves_behind(PROCESS_TOOL));
    assert_true(leaves_behind(PROCESS_COMMAND)); /* --prepare may start a daemon */
}

static void test_shell_command(void **state)
{
    (void)state;
    assert_true(ending_is_good(shell_run("true", -1, long_ns)));
    assert_int_equal(shell_run("exit 7", -1, 0).number, 7);
    /* A session of its own, so Ctrl-C does not reach it. */
    static const char leads[] = "set -- $(cat /proc/$$/stat); test $6 = $$";
    assert_true(ending_is_good(shell_run(leads, -1, 0)));
}

static void test_preload_value(void **state)
{
    (void)state;
    unsetenv("LD_PRELOAD");
    char *value = preload_value("/a.so");
    assert_string_equal(value, "/a.so");
    free(value);
    setenv("LD_PRELOAD", "", 1);
    value = preload_value("/a.so");
    assert_string_equal(value, "/a.so");
    free(value);
    setenv("LD_PRELOAD", "/b.so /c.so", 1);
    value = preload_value("/a.so");
    unsetenv("LD_PRELOAD");
    assert_string_equal(value, "/a.so:/b.so /c.so");
    free(value);
}

static void test_interrupted(void **state)
{
    (void)state;
    struct process process = start(PROCESS_COMMAND, "sleep 60", long_ns);
    kill(getpid(), SIGTERM);
    process_wait(&process);
    assert_false(process.ended);
    assert_int_equal(ending_of(&process).kind, ENDING_NONE);
    process_close(&process);
    assert_true(process.ended);
    /* What is run then is to clean up. */
    assert_true(signals_interrupted());
    assert_true(ending_is_good(shell_run("sleep 0.1", -1, long_ns)));
    process = start(PROCESS_COMMAND, "sleep 60", long_ns);
    kill(getpid(), SIGTERM);
    process_wait(&process);
    assert_false(process.ended);
    process_close(&process);
    signals_release();
    signals_hold(); /* forgets it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_looping_or_waiting),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_entering),
        cmocka_unit_test(test_held_back),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_what_is_left_behind),
        cmocka_unit_test(test_shell_command),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_preload_value),
    };
    signals_hold();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
