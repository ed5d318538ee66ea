/* Forks while others unwind their stacks, while handlers of other libraries allocate,
 * or in one of SIGABRT, and what a child gives back. Forks amid all other calls:
 * test_stress. */
#include "snug.h"

#include <pthread.h>
#include <stdatomic.h>

#include "child.h"
#include "resident.h"

static atomic_bool forked_enough;

static void *allocate_a_little(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 20; i++) {
        snug_free(snug_malloc(100 + i));
    }
    return NULL;
}

static void bear_a_thread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, allocate_a_little, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void *bear_threads(void *unused)
{
    while (!forked_enough) {
        bear_a_thread();
    }
    return unused;
}

/* The child must not find anything locked by a thread that it does not have. */
static void forks_amid_captures(void)
{
    skip_if_emulated(); /* it hangs, whatever malloc */
    enum {
        BEARERS = 3,
        FORKS = 1000
    };
    pthread_t bearers[BEARERS];
    CHECK(snug_debug("check,leaks=0"));
    for (size_t i = 0; i < BEARERS; i++) {
        CHECK(pthread_create(&bearers[i], NULL, bear_threads, NULL) == 0);
    }
    for (size_t i = 0; i < FORKS; i++) {
        const pid_t child = fork();
        CHECK(child != -1);
        if (child == 0) {
            child_of_its_parent();
            allocate_a_little(NULL);
            _exit(0);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_NUMBERS(status, ==, 0);
    }
    forked_enough = true;
    for (size_t i = 0; i < BEARERS; i++) {
        CHECK(pthread_join(bearers[i], NULL) == 0);
    }
}

static bool fork_handlers_allocate;

static void allocate_at_a_fork(void)
{
    if (fork_handlers_allocate) {
        for (size_t i = 0; i < 20; i++) {
            void *const block = snug_malloc(100 << i);
            CHECK(block != NULL);
            snug_free(block);
        }
    }
}

/* Before snug's own, as in libraries that the program needs: these handlers run while
 * snug has its locks. */
static __attribute__((constructor(102))) void watch_forks_first(void)
{
    CHECK(pthread_atfork(allocate_at_a_fork, allocate_at_a_fork, allocate_at_a_fork) ==
          0);
}

/* ThreadSanitizer lets no thread begin in a child of a process with threads; in
 * AddressSanitizer one may wait for ever, for a lock of its own allocator. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CHILD_HAS_THREADS false
#else
#define CHILD_HAS_THREADS true
#endif

/* Another thread of the child finds the lock free, too: only the one that forks goes on
 * without it. */
static void fork_handlers_may_allocate(void)
{
    skip_if_emulated(); /* as above */
    enum {
        FORKS = 100
    };
    pthread_t bearer;
    fork_handlers_allocate = true;
    CHECK(pthread_create(&bearer, NULL, bear_threads, NULL) == 0);
    for (size_t i = 0; i < FORKS; i++) {
        const pid_t child = fork();
        CHECK(child != -1);
        if (child == 0) {
            child_of_its_parent();
            allocate_at_a_fork();
            if (CHILD_HAS_THREADS) {
                bear_a_thread();
            }
            _exit(0);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_NUMBERS(status, ==, 0);
    }
    forked_enough = true;
    CHECK(pthread_join(bearer, NULL) == 0);
    CHECK_HEAP();
}

/* Lines of /proc/self/maps. */
static size_t count_mappings(void)
{
    FILE *const file = fopen("/proc/self/maps", "r");
    size_t lines = 0;
    if (file == NULL) {
        _exit(CHILD_SKIPPED);
    }
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        lines += c == '\n';
    }
    fclose(file);
    return lines;
}

/* What came from a parent stays few mappings, of which a process may have 65,530. */
static void a_trim_in_a_child_splits_no_mapping(void)
{
    enum {
        BLOCKS = 4000,
        BLOCK_BYTES = 10000
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 0xee, BLOCK_BYTES);
    }
    const pid_t child = fork();
    if (child == 0) {
        const size_t before = count_mappings();
        const size_t full = resident_bytes(blocks[0], blocks[BLOCKS - 1]);
        for (size_t i = 1; i < BLOCKS; i += 2) {
            snug_free(blocks[i]);
        }
        CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
        CHECK_NUMBERS(count_mappings(), <, before + 10);
        CHECK_NUMBERS(resident_bytes(blocks[0], blocks[BLOCKS - 1]), <, full * 4 / 5);
        for (size_t i = 1; i < BLOCKS; i += 2) { /* zeroes: the parent's are not seen */
            blocks[i] = snug_calloc(1, BLOCK_BYTES);
            CHECK(blocks[i] != NULL);
            for (size_t at = 0; at < BLOCK_BYTES; at++) {
                CHECK(blocks[i][at] == 0);
            }
        }
        CHECK_HEAP();
        _exit(0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_NUMBERS(status, ==, 0);
}

/* Nor does what goes back because more is needed. */
static void growth_of_a_child_splits_no_mapping(void)
{
    enum {
        BLOCKS = 100,
        LARGER_BLOCKS = 12
    };
    const size_t mib = (size_t)1024 * 1024;
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(2 * mib);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, 2 * mib);
    }
    const pid_t child = fork();
    if (child == 0) {
        const size_t before = count_mappings();
        for (size_t i = 0; i < BLOCKS; i += 4) {
            snug_free(blocks[i]);
        }
        for (size_t i = 0; i < LARGER_BLOCKS; i++) {
            CHECK(snug_calloc(1, 4 * mib) != NULL);
        }
        CHECK_NUMBERS(snug_system_calls().madvise, >, 10);
        CHECK_NUMBERS(count_mappings(), <, before + 5);
        CHECK_HEAP();
        _exit(0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_NUMBERS(status, ==, 0);
}

static void *wait_without_end(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

/* What tells of crashes allocates, and forks. */
static void tell_of_a_crash(int signal_number)
{
    (void)signal_number;
    /* NOLINTBEGIN(bugprone-signal-handler): this is what is tried. */
    void *const block = snug_malloc(20000);
    snug_free(snug_malloc(40));
    snug_free(block);
    const pid_t pid = fork();
    if (pid == 0) {
        snug_free(snug_malloc(20000));
        _exit(0);
    }
    /* NOLINTEND(bugprone-signal-handler) */
    int status = 1;
    _exit(waitpid(pid, &status, 0) == pid ? status : 1);
}

/* Misuse is noticed with the lock of the heap held; it is free as the process ends. */
static void a_handler_of_abort_may_allocate(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_without_end, NULL) == 0);
    CHECK(signal(SIGABRT, tell_of_a_crash) == SIG_DFL);
    close(STDERR_FILENO);
    char *volatile block = snug_malloc(20000);
    snug_free(block + 64);
    _exit(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(forks_amid_captures),
        CHILD_TEST(fork_handlers_may_allocate),
        CHILD_TEST(a_trim_in_a_child_splits_no_mapping),
        CHILD_TEST(growth_of_a_child_splits_no_mapping),
        CHILD_TEST(a_handler_of_abort_may_allocate),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
