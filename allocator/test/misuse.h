/* Misuse of the allocator, in tables: each row a program, run in a process of its own
 * at levels 0 (nothing), 1 (check) and 2 (guard), and how it ends at each: by which
 * signal, after which first line, to the byte; or unnoticed. */
#ifndef SNUG_TEST_MISUSE_H
#define SNUG_TEST_MISUSE_H

#include "snug.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "child.h"

enum {
    LEVELS = 3
};

/* How a program ends, if not by SIGABRT after the line "snug: TEXT": P in the text is
 * the address that was told, N the size. */
#define UNNOTICED "unnoticed" /* it ends as if nothing were wrong */
#define SEGV "SIGSEGV"        /* at the instruction */

struct row {
    const char *name;
    void (*program)(size_t bytes);
    size_t bytes;
    const char *endings[LEVELS];
};

#define ROW(program, bytes, ...)                                                       \
    {                                                                                  \
#program " " #bytes, program, bytes,                                           \
        {                                                                              \
            __VA_ARGS__                                                                \
        }                                                                              \
    }

/* The pointer and the size that the message is about, told by the child before it dies.
 */
static struct {
    void *pointer;
    size_t bytes;
} * told;

static inline void *tell(void *pointer)
{
    told->pointer = pointer;
    return pointer;
}

/* Between two blocks in use, so that it stays a block of its own when it is freed. */
static inline char *block_between(size_t bytes)
{
    void *const before = snug_malloc(bytes);
    void *const block = snug_malloc(bytes);
    void *const behind = snug_malloc(bytes);
    CHECK(before != NULL && block != NULL && behind != NULL);
    memset(before, 0, bytes < 4096 ? bytes : 4096);
    memset(block, 0, bytes < 4096 ? bytes : 4096);
    told->bytes = bytes;
    return tell(block);
}

/* One of so many that level 0 serves them from runs. */
static inline char *block_of_many(size_t bytes)
{
    char *block = NULL;
    for (size_t i = 0; i < 100; i++) {
        char *const other = snug_malloc(bytes);
        CHECK(other != NULL);
        block = i == 50 ? other : block;
    }
    told->bytes = bytes;
    return tell(block);
}

/* To read so that no compiler leaves it out. */
static inline void look_at(const char *byte)
{
    volatile char seen = *(const volatile char *)byte;
    (void)seen;
}

static inline void write_to(char *byte)
{
    *(volatile char *)byte = (char)~*(volatile char *)byte; /* a change in any case */
}

/* The compiler must not see that a block is used after it was freed. */
static inline void *hidden(void *pointer)
{
    void *volatile copy = pointer;
    return copy;
}

/* -- running a row -- */

static const struct row *running;
static int running_level;
static bool running_late; /* not as the first that the process allocates */

/* A thread that has freed before keeps what it frees. */
static inline void live_a_while(void)
{
    for (size_t bytes = 16; bytes < 100000; bytes += bytes / 2) {
        void *const one = snug_malloc(bytes);
        void *const another = snug_malloc(bytes);
        CHECK(one != NULL && another != NULL);
        snug_free(one);
        snug_free(another);
    }
}

static inline void run_program(void)
{
    static const char *const levels[] = {"off", "check,leaks=0,depth=1",
                                         "guard,depth=1"};
    signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
    snug_debug(levels[running_level]);
    if (running_late) {
        live_a_while();
    }
    running->program(running->bytes);
    exit(0); /* not _exit: the last look at everything is part of levels 1 and 2 */
}

/* The ending's text with the address and the size filled in. */
static inline void expand(char *line, size_t capacity, const char *ending)
{
    size_t length = (size_t)snprintf(line, capacity, "snug: ");
    for (const char *c = ending; *c != '\0'; c++) {
        const bool alone =
            c != ending && c[-1] == ' ' && (c[1] == '\0' || c[1] == ' ' || c[1] == ',');
        if (*c == 'P' && alone) {
            length += (size_t)snprintf(line + length, capacity - length, "0x%lx",
                                       (unsigned long)(uintptr_t)told->pointer);
        } else if (*c == 'N' && alone) {
            length +=
                (size_t)snprintf(line + length, capacity - length, "%zu", told->bytes);
        } else {
            line[length++] = *c;
        }
    }
    line[length] = '\0';
}

static inline void run_row(void **state)
{
    running = *state;
    for (int run = 0; run < 2 * LEVELS; run++) {
        running_level = run / 2;
        running_late = run % 2 != 0;
        const char *const ending = running->endings[running_level];
        memset(told, 0, sizeof *told);
        struct child_result result = child_run(run_program);
        const bool died = WIFSIGNALED(result.status);
        const int signal = died ? WTERMSIG(result.status) : 0;
        char expected[200] = "";
        int expected_signal = 0;
        if (strcmp(ending, SEGV) == 0) {
            expected_signal = SIGSEGV;
        } else if (strcmp(ending, UNNOTICED) != 0) {
            expected_signal = SIGABRT;
            expand(expected, sizeof expected, ending);
        }
        char *const end = strchr(result.errors, '\n');
        if (end != NULL && (running_level > 0 || end[1] == '\0')) {
            *end = '\0'; /* the stacks behind the first line are the report's matter */
        }
        if (signal != expected_signal || strcmp(result.errors, expected) != 0 ||
            (!died && WEXITSTATUS(result.status) != 0)) {
            fail_msg("level %d%s: status %#x and \"%s\", not signal %d and \"%s\"",
                     running_level, running_late ? ", late" : "",
                     (unsigned)result.status, result.errors, expected_signal, expected);
        }
    }
}

static inline int run_rows(const char *name, struct row *rows, size_t count)
{
    struct CMUnitTest tests[128];
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if ((void *)told == MAP_FAILED || count > sizeof tests / sizeof *tests) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, &rows[i]};
    }
    /* cmocka's macro wants an array of known length. */
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

#endif
