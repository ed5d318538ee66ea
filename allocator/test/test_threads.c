/* Threads without number, and signals in the middle of calls. Forks: test_fork. */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/lock.h"
#include "child.h"
#include "pattern.h"
#include "random.h"

enum {
    BLOCKS = 200,
    THREADS = 10000,
    SIGNALS_LEAST = 200
};

/* AddressSanitizer keeps 20 KiB of each thread for ever. */
#if defined(__SANITIZE_ADDRESS__)
#define THREADS_ARE_REMEMBERED true
#else
#define THREADS_ARE_REMEMBERED false
#endif

static size_t resident_pages(void)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    char text[128] = "";
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
    fclose(file);
    char *second = text;
    CHECK(strtoul(text, &second, 10) > 0);
    return strtoul(second, NULL, 10);
}

/* Fills a cache of many classes and leaves it to the thread's end. */
static void *short_life(void *unused)
{
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(8 + i * 37 % 3000);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 0xee, 8 + i * 37 % 3000);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        snug_free(blocks[i]);
    }
    return unused;
}

/* Two at a time, so that lists go between them. */
static void resident_memory_levels_off(void)
{
    if (is_emulated() || THREADS_ARE_REMEMBERED) {
        _exit(CHILD_SKIPPED);
    }
    size_t most[2] = {0, 0}; /* pages, in the first half and in the second */
    for (size_t i = 0; i < THREADS / 2; i++) {
        pthread_t threads[2];
        for (size_t k = 0; k < 2; k++) {
            CHECK(pthread_create(&threads[k], NULL, short_life, NULL) == 0);
        }
        for (size_t k = 0; k < 2; k++) {
            CHECK(pthread_join(threads[k], NULL) == 0);
        }
        const size_t pages = i % 10 == 0 ? resident_pages() : 0;
        size_t *const half = &most[i >= THREADS / 4];
        *half = pages > *half ? pages : *half;
    }
    fprintf(stderr, "# resident: at most %zu pages while %d threads lived, then %zu\n",
            most[0], THREADS / 2, most[1]);
    CHECK_HEAP();
    CHECK_NUMBERS(4 * most[1], <=, 5 * most[0]);
}

enum {
    FULL_LISTS = 3000 /* objects of one class, more than a list takes */
};

/* Its lists become full, so that some go to depots. */
static void *life_with_full_lists(void *unused)
{
    static __thread void *blocks[FULL_LISTS];
    for (size_t bytes = 48; bytes <= 2048; bytes = bytes * 2 + 16) {
        for (size_t i = 0; i < FULL_LISTS; i++) {
            blocks[i] = snug_malloc(bytes);
            CHECK(blocks[i] != NULL);
        }
        for (size_t i = 0; i < FULL_LISTS; i++) {
            snug_free(blocks[i]);
        }
    }
    return unused;
}

static void live_with_full_lists(size_t threads)
{
    for (size_t i = 0; i < threads; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, life_with_full_lists, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

/* Nothing is needed for full lists, and nothing in them is lost. */
static void full_lists_need_no_memory(void)
{
    life_with_full_lists(NULL);
    snug_malloc_trim(0);
    const size_t before = snug_mallinfo2().uordblks;
    os_fail_from(1);
    live_with_full_lists(20);
    os_fail_from(0);
    CHECK_HEAP();
    snug_malloc_trim(0);
    CHECK_NUMBERS(snug_mallinfo2().uordblks, <=, before);
}

enum {
    HANDED_OVER = 200000,
    HANDED_OVER_BYTES = 64
};

static void *handed_over[HANDED_OVER];

static void *free_what_was_handed_over(void *unused)
{
    for (size_t i = 0; i < HANDED_OVER; i++) {
        snug_free(handed_over[i]);
    }
    return unused;
}

/* Between threads wait eight lists of a class, each as long as a run, at most: the rest
 * is for all. */
static void few_blocks_wait_between_threads(void)
{
    for (size_t i = 0; i < HANDED_OVER; i++) {
        handed_over[i] = snug_malloc(HANDED_OVER_BYTES);
        CHECK(handed_over[i] != NULL);
    }
    struct snug_stats full, after;
    CHECK(snug_stats(&full));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, free_what_was_handed_over, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(snug_stats(&after));
    /* The first of each list that waits is counted as live. */
    CHECK_NUMBERS(full.live_blocks - after.live_blocks, >=, HANDED_OVER / 100 * 99);
    CHECK_NUMBERS(after.kept_bytes, <=, 9 * RUN_LIMIT_GRANULES * GRANULE_BYTES);
    CHECK_HEAP();
}

static atomic_bool done;
static atomic_size_t operations;
static atomic_size_t signals;
static volatile sig_atomic_t scratch;

/* It does not allocate, as POSIX asks. */
static void on_signal(int number)
{
    signals++;
    scratch = number;
}

/* One for each operation at most, at a random instant of it: a flood would leave the
 * target, where each has a processor of its own, no time to go on. */
static void *send_signals(void *target)
{
    struct random random = {4};
    size_t seen = 0;
    while (!done) {
        if (operations == seen) {
            sched_yield();
            continue;
        }
        seen = operations;
        for (volatile size_t wait = random_below(&random, 1000); wait > 0;) {
            wait = wait - 1;
        }
        CHECK(pthread_kill(*(const pthread_t *)target, SIGUSR1) == 0);
    }
    return NULL;
}

static void signals_may_interrupt_any_call(void)
{
    static char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct random random = {3};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    pthread_t self = pthread_self();
    pthread_t sender;
    CHECK(pthread_create(&sender, NULL, send_signals, &self) == 0);
    for (size_t n = 0; n < 30000 || signals < SIGNALS_LEAST; n++) {
        const size_t i = random_below(&random, BLOCKS);
        if (blocks[i] != NULL) {
            CHECK(pattern_holds(blocks[i], sizes[i], sizes[i], i));
        }
        sizes[i] = 1 + random_size(&random, 18);
        if (n % 3 == 0) {
            blocks[i] = snug_realloc(blocks[i], sizes[i]);
        } else {
            snug_free(blocks[i]);
            blocks[i] = snug_malloc(sizes[i]);
        }
        CHECK(blocks[i] != NULL);
        pattern_fill(blocks[i], sizes[i], i);
        operations++;
    }
    done = true;
    CHECK(pthread_join(sender, NULL) == 0);
    CHECK_HEAP();
}

static void signals_may_interrupt_at_level_check(void)
{
    if (is_emulated()) { /* emulated, it would take minutes */
        _exit(CHILD_SKIPPED);
    }
    CHECK(snug_debug("check"));
    signals_may_interrupt_any_call();
}

static pthread_barrier_t start;

static void *live_with_the_others(void *unused)
{
    pthread_barrier_wait(&start);
    return short_life(unused);
}

/* The process's first threads ask for their first blocks at the same time. Exit code 0:
 * all that they had has come back. */
static int begin_at_once(void)
{
    enum {
        CROWD = 4
    };
    pthread_t threads[CROWD];
    bool made = pthread_barrier_init(&start, NULL, CROWD) == 0;
    for (size_t i = 0; i < CROWD && made; i++) {
        made = pthread_create(&threads[i], NULL, live_with_the_others, NULL) == 0;
    }
    for (size_t i = 0; i < CROWD && made; i++) {
        made = pthread_join(threads[i], NULL) == 0;
    }
    snug_malloc_trim(0);
    return made && snug_mallinfo2().uordblks <= 1024 ? 0 : 1;
}

/* In many processes: where the key of the threads' ends was made after it could be
 * used, one in a hundred lost a thread's lists. */
static void threads_started_at_once_lose_nothing(void)
{
    enum {
        PROCESSES = 400
    };
    for (size_t i = 0; i < PROCESSES; i++) {
        const pid_t child = fork();
        CHECK(child != -1);
        if (child == 0) {
            _exit(begin_at_once());
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_NUMBERS((size_t)status, ==, 0);
    }
}

static void *do_nothing(void *unused)
{
    return unused;
}

static void *ask_for_the_size(void *block)
{
    return (void *)snug_malloc_usable_size(block);
}

/* Here by whoever has the lock: it would wait for ever. */
static void the_usable_size_needs_no_lock(void)
{
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        void *blocks[30];
        for (size_t i = 0; i < 30; i++) { /* enough for a run of the class */
            blocks[i] = snug_malloc(size);
            CHECK(blocks[i] != NULL);
        }
        pthread_t asker;
        CHECK(pthread_create(&asker, NULL, ask_for_the_size, blocks[0]) == 0);
        void *answer = NULL;
        CHECK(pthread_join(asker, &answer) == 0);
        const bool locked = lock_acquire(&heap_lock);
        const size_t bytes = snug_malloc_usable_size(blocks[0]);
        lock_release(&heap_lock, locked);
        CHECK_NUMBERS(bytes, ==, (size_t)answer);
        CHECK_NUMBERS(bytes, >=, size);
    }
}

/* Nor do small blocks of the heap to become larger or smaller: here they go from list
 * to list, by whoever has the lock. */
static void small_blocks_change_their_size_without_the_lock(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    void *blocks[10];
    for (size_t i = 0; i < 10; i++) {
        blocks[i] = snug_malloc(100 * i + 64);
    }
    for (size_t i = 0; i < 10; i++) { /* into lists */
        snug_free(blocks[i]);
    }
    char *block = snug_malloc(864);
    const bool locked = lock_acquire(&heap_lock);
    block = snug_realloc(block, 664);
    block = snug_realloc(block, 964);
    block = snug_realloc(block, 764);
    lock_release(&heap_lock, locked);
    CHECK(locked && block != NULL);
    CHECK_HEAP();
}

/* Blocks with mappings that come, move and go: each holds what its thread wrote. */
static void *move_mappings(void *number)
{
    enum {
        ROUNDS = 2000,
        SLOTS = 8,
        PAGE = 4096
    };
    struct random random = {(uintptr_t)number + 1};
    size_t *slots[SLOTS] = {NULL};
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t **const slot = &slots[random_below(&random, SLOTS)];
        if (*slot != NULL) {
            CHECK_NUMBERS(**slot, ==, (uintptr_t)slot);
        }
        const size_t pages = 1 + random_below(&random, 32);
        *slot = snug_realloc(*slot, pages * PAGE);
        CHECK(*slot != NULL);
        **slot = (uintptr_t)slot;
        CHECK_NUMBERS(snug_malloc_usable_size(*slot), >=, pages * PAGE);
        if (random_below(&random, 4) == 0) {
            snug_free(*slot);
            *slot = NULL;
        }
        if (i % 50 == 0) {
            CHECK_HEAP();
        }
    }
    for (size_t i = 0; i < SLOTS; i++) {
        snug_free(slots[i]);
    }
    return NULL;
}

static void mappings_of_threads_stay_apart(void)
{
    enum {
        MOVERS = 4
    };
    pthread_t movers[MOVERS];
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 4096) == 1);
    for (uintptr_t i = 0; i < MOVERS; i++) {
        CHECK(pthread_create(&movers[i], NULL, move_mappings, (void *)i) == 0);
    }
    for (size_t i = 0; i < MOVERS; i++) {
        CHECK(pthread_join(movers[i], NULL) == 0);
    }
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.large_blocks, ==, 0);
    CHECK_NUMBERS(stats.large_bytes, ==, 0);
}

/* Where the break is not ours the first region is a mapping, and the next one may be
 * below it, which has no map: blocks instead of runs. */
static void objects_need_no_map(void)
{
    static void *objects[HANDED_OVER];
    pthread_t thread; /* before the heap: snug leaves the break alone then */
    CHECK(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(snug_malloc(60 << 20) != NULL); /* most of the region */
    for (size_t i = 0; i < HANDED_OVER; i++) {
        objects[i] = snug_malloc(HANDED_OVER_BYTES);
        CHECK(objects[i] != NULL);
        memset(objects[i], 0xee, HANDED_OVER_BYTES);
    }
    CHECK_HEAP();
    for (size_t i = 0; i < HANDED_OVER; i++) {
        snug_free(objects[i]);
    }
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(threads_started_at_once_lose_nothing),
        CHILD_TEST(resident_memory_levels_off),
        CHILD_TEST(mappings_of_threads_stay_apart),
        CHILD_TEST(few_blocks_wait_between_threads),
        CHILD_TEST(full_lists_need_no_memory),
        CHILD_TEST(signals_may_interrupt_any_call),
        CHILD_TEST(signals_may_interrupt_at_level_check),
        CHILD_TEST(the_usable_size_needs_no_lock),
        CHILD_TEST(small_blocks_change_their_size_without_the_lock),
        CHILD_TEST(objects_need_no_map),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
