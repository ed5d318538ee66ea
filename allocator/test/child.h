/* Tests in processes of their own: each starts with a heap that nobody has used, since
 * the parent never calls the allocator, and may die without taking the others along.
 *
 * A body reports by CHECK, which ends its process; from any thread. */
#ifndef SNUG_TEST_CHILD_H
#define SNUG_TEST_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Under a sanitizer address space limits cannot be set, and memory looks different. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

enum {
    CHILD_TIMEOUT_S = 200,
    CHILD_FAILED = 1,
    CHILD_SKIPPED = 77
};

struct child_result {
    int status; /* of waitpid */
    size_t length;
    char errors[4096]; /* its stderr, ended with 0 */
};

static inline _Noreturn void child_fail(const char *file, int line, const char *what,
                                        const char *numbers)
{
    char text[512];
    const int n =
        snprintf(text, sizeof text, "%s:%d: not so: %s%s\n", file, line, what, numbers);
    if (n > 0 && write(STDERR_FILENO, text, strnlen(text, sizeof text)) < 0) {
        abort();
    }
    _exit(CHILD_FAILED);
}

/* With the two numbers that the sentence is about. */
static inline _Noreturn void child_fail_numbers(const char *file, int line,
                                                const char *what,
                                                unsigned long long left,
                                                unsigned long long right)
{
    char numbers[64];
    snprintf(numbers, sizeof numbers, " (%llu, %llu)", left, right);
    child_fail(file, line, what, numbers);
}

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            child_fail(__FILE__, __LINE__, #condition, "");                            \
        }                                                                              \
    } while (0)

/* Two numbers and how they must stand to each other; both are shown if they do not. */
#define CHECK_NUMBERS(left, operator, right)                                           \
    do {                                                                               \
        const unsigned long long left_ = (unsigned long long)(left);                   \
        const unsigned long long right_ = (unsigned long long)(right);                 \
        if (!(left_ operator right_)) {                                                \
            child_fail_numbers(__FILE__, __LINE__, #left " " #operator" " #right,      \
                               left_, right_);                                         \
        }                                                                              \
    } while (0)

/* The heap's own check, its sentence shown. */
#define CHECK_HEAP()                                                                   \
    do {                                                                               \
        const char *const broken_ = snug_check_heap();                                 \
        if (broken_ != NULL) {                                                         \
            child_fail(__FILE__, __LINE__, broken_, "");                               \
        }                                                                              \
    } while (0)

/* In a child: do not outlive the parent, nor hang for ever, whatever it blocks. */
static inline void child_of_its_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(CHILD_TIMEOUT_S);
}

/* A number from the environment. */
static inline size_t number_from(const char *name, size_t otherwise)
{
    const char *const text = getenv(name);
    if (text == NULL || *text == '\0') {
        return otherwise;
    }
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 0);
    CHECK(errno == 0 && *end == '\0');
    return (size_t)number;
}

static inline struct child_result child_run(void (*body)(void))
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        const int caught_by_cmocka[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
        for (size_t i = 0; i < sizeof caught_by_cmocka / sizeof(int); i++) {
            signal(caught_by_cmocka[i], SIG_DFL);
        }
        alarm(CHILD_TIMEOUT_S);
        body();
        _exit(0);
    }
    close(pipe_ends[1]);
    struct child_result result = {0};
    for (;;) { /* to the end, so that the child never waits for us */
        char rest[256];
        const bool room = result.length < sizeof result.errors - 1;
        char *const to = room ? result.errors + result.length : rest;
        const size_t most =
            room ? sizeof result.errors - 1 - result.length : sizeof rest;
        const ssize_t n = read(pipe_ends[0], to, most);
        if (n <= 0) {
            break;
        }
        result.length += room ? (size_t)n : 0;
    }
    close(pipe_ends[0]);
    assert_int_equal(waitpid(pid, &result.status, 0), pid);
    /* Under qemu-user (test-variants aarch64) its own word stands behind the child's.
     */
    char *const word_of_qemu = strstr(result.errors, "qemu: uncaught target signal");
    if (word_of_qemu != NULL) {
        *word_of_qemu = '\0';
        result.length = (size_t)(word_of_qemu - result.errors);
    }
    return result;
}

/* Whether an emulator answers for the kernel (test-variants aarch64): of system calls,
 * faults and /proc it tells its own. */
static inline bool is_emulated(void)
{
    return getenv("SNUG_TEST_EMULATED") != NULL;
}

/* In a child, where what is tested is the kernel's. */
static inline void skip_if_emulated(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
}

struct child_test {
    void (*body)(void);
};

/* The cmocka side of a body: its child must end with 0. */
static inline void child_test_run(void **state)
{
    const struct child_test *const test = *state;
    const struct child_result result = child_run(test->body);
    if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == CHILD_SKIPPED) {
        skip();
    }
    if (WIFSIGNALED(result.status)) {
        fail_msg("child died of signal %d: %s", WTERMSIG(result.status), result.errors);
    }
    if (WEXITSTATUS(result.status) != 0) {
        fail_msg("%s", result.errors);
    }
    if (result.length != 0) { /* a seed, a figure: for the reader */
        fprintf(stderr, "%s", result.errors);
    }
}

#define CHILD_TEST(name)                                                               \
    {                                                                                  \
#name, child_test_run, NULL, NULL, &(struct child_test)                        \
        {                                                                              \
            name                                                                       \
        }                                                                              \
    }

#endif
