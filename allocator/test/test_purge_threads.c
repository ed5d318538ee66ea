/* Memory goes back with threads, too, whoever freed it. */
#include "snug.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cache/pressure.h"
#include "child.h"
#include "random.h"
#include "resident.h"

static const size_t mib = (size_t)1024 * 1024;

/* Each thread fills and frees; what they keep, or leave as they end, is little. */
enum {
    THREADS = 4,
    THREAD_BLOCKS = 6000
};
static pthread_barrier_t barrier;
static char *thread_blocks[THREADS][THREAD_BLOCKS];

static void fill_and_free_sizes(char **blocks, size_t count, size_t least, size_t most)
{
    struct random random = {(uintptr_t)blocks};
    for (size_t i = 0; i < count; i++) {
        const size_t size = least + random_below(&random, most - least + 1);
        blocks[i] = snug_malloc(size);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, size);
    }
    pthread_barrier_wait(&barrier); /* all have filled */
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[i]);
    }
}

static void *fill_and_free(void *argument)
{
    fill_and_free_sizes(argument, THREAD_BLOCKS, 32, 4096);
    pthread_barrier_wait(&barrier); /* all have freed */
    return NULL;
}

static void go_on_with_a_little(void)
{
    void *few[100];
    for (size_t round = 0; round < 100; round++) {
        for (size_t i = 0; i < 100; i++) {
            few[i] = snug_malloc(16 + i * 80);
        }
        for (size_t i = 0; i < 100; i++) {
            snug_free(few[i]);
        }
    }
}

static void *fill_free_and_stay(void *argument)
{
    fill_and_free(argument);
    go_on_with_a_little();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); /* lives until it has been looked at */
    return NULL;
}

/* Until all have filled. Returns how much was resident before. */
static size_t start_threads(pthread_t threads[THREADS], void *(*life)(void *))
{
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    memset(thread_blocks, 1, sizeof thread_blocks); /* resident from now on */
    const size_t before = private_bytes();
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, life, thread_blocks[i]) == 0);
    }
    pthread_barrier_wait(&barrier);
    CHECK_NUMBERS(private_bytes() - before, >, 40 * mib);
    return before;
}

static void join_threads(const pthread_t threads[THREADS])
{
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void threads_that_live_on_keep_little(void)
{
    pthread_t threads[THREADS];
    const size_t before = start_threads(threads, fill_free_and_stay);
    for (int i = 0; i < 3; i++) {
        pthread_barrier_wait(&barrier);
    }
    const size_t after = private_bytes() - before;
    CHECK_HEAP();
    CHECK_NUMBERS(after, <=, 8 * mib); /* below that nothing is looked at */
    pthread_barrier_wait(&barrier);
    join_threads(threads);
}

static void threads_that_end_leave_little(void)
{
    pthread_t threads[THREADS];
    const size_t before = start_threads(threads, fill_and_free);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    join_threads(threads);
    go_on_with_a_little();
    CHECK_HEAP();
    CHECK_NUMBERS(private_bytes() - before, <=, 8 * mib);
}

static void *wait_for_the_others(void *unused)
{
    pthread_barrier_wait(&barrier);
    return unused;
}

/* With other threads, too, medium blocks that wait in lists serve before the heap
 * grows; but who frees and cuts them over and over has that a few times. */
static void blocks_that_wait_are_taken_back_a_few_times(void)
{
    enum {
        ROUNDS = 600,
        BLOCKS = 600,
        KEPT_BYTES = 16000
    };
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&thread, NULL, wait_for_the_others, NULL) == 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        char *blocks[BLOCKS]; /* of other sizes than in the round before */
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = snug_malloc(2000 * (1 + round % 3));
            CHECK(blocks[i] != NULL);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            snug_free(blocks[i]);
        }
        CHECK(snug_malloc(KEPT_BYTES) != NULL);
    }
    CHECK_NUMBERS(pressure.reclaimed_bytes, >=, 2 * pressure.ceiling_bytes);
    CHECK_NUMBERS(pressure.reclaimed_bytes, <=, 6 * pressure.ceiling_bytes);
    CHECK_HEAP();
    pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* Blocks cut while there was one thread leave places that are smaller than the class of
 * the next of their size, which takes them all the same before the heap grows. */
static void places_of_one_thread_serve_with_others(void)
{
    enum {
        BLOCKS = 4000,
        BLOCK_BYTES = 10000
    };
    static char *blocks[BLOCKS];
    pthread_t thread;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    const size_t before = private_bytes();
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&thread, NULL, wait_for_the_others, NULL) == 0);
    for (size_t i = 0; i < BLOCKS; i += 2) {
        snug_free(blocks[i]);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    CHECK_NUMBERS(private_bytes() - before, <=, 4 * mib); /* of 40 */
    CHECK_HEAP();
    pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* Seconds of this thread's time for each of so many large blocks that are freed, with
 * small ones between that stay. */
static double seconds_of_a_free(size_t count)
{
    char **const blocks = snug_calloc(count, sizeof *blocks);
    CHECK(blocks != NULL);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = snug_malloc(70000);
        CHECK(blocks[i] != NULL && snug_malloc(600) != NULL);
        memset(blocks[i], 1, 4096);
    }
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[i]);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    const double seconds = (double)(to.tv_sec - from.tv_sec);
    return (seconds + (double)(to.tv_nsec - from.tv_nsec) / 1e9) / (double)count;
}

/* Twenty times as many free blocks go back in some twenty times the time: for each as
 * long, and 3.3 times as long if the largest few are looked for again and again. */
static void many_free_blocks_go_back_in_time(void)
{
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&thread, NULL, wait_for_the_others, NULL) == 0);
    const double of_few = seconds_of_a_free(1500);
    const double of_many = seconds_of_a_free(30000);
    CHECK_NUMBERS(snug_system_calls().mmap, >, 20000);
    CHECK_NUMBERS((size_t)(of_many * 1e9), <, (size_t)(of_few * 2e9));
    CHECK_HEAP();
    pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void *hold_one_of_each(void *argument)
{
    (void)argument;
    for (size_t size = 16; size <= 240; size += 16) {
        char *const block = snug_malloc(size);
        CHECK(block != NULL);
        memset(block, 1, size);
    }
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* Of each class a thread's list begins with 512 bytes, not with the rest of a page. */
static void many_threads_that_need_little_take_little(void)
{
    enum {
        MANY = 100
    };
    pthread_t threads[MANY];
    for (size_t size = 16; size <= 240; size += 16) { /* a class of few has no runs */
        for (size_t i = 0; i < 100; i++) {
            CHECK(snug_malloc(size) != NULL);
        }
    }
    pthread_barrier_init(&barrier, NULL, MANY + 1);
    const size_t before = heap_resident_bytes();
    for (size_t i = 0; i < MANY; i++) {
        CHECK(pthread_create(&threads[i], NULL, hold_one_of_each, NULL) == 0);
    }
    pthread_barrier_wait(&barrier);
    CHECK_NUMBERS(heap_resident_bytes() - before, <, (size_t)MANY * 15 * 1024);
    for (size_t i = 0; i < MANY; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_HEAP();
}

static void *do_nothing(void *argument)
{
    return argument;
}

/* With other threads blocks are as large as their class, but not if the next one would
 * have to stand a whole alignment further on: these are the slabs of glib's slices. */
static void aligned_blocks_stand_side_by_side_with_threads(void)
{
    enum {
        BLOCKS = 4000
    };
    pthread_t thread;
    CHECK_NUMBERS(pthread_create(&thread, NULL, do_nothing, NULL), ==, 0);
    CHECK_NUMBERS(pthread_join(thread, NULL), ==, 0);
    for (size_t alignment = 1024; alignment <= 4096; alignment *= 2) {
        struct snug_stats before, after;
        CHECK(snug_stats(&before));
        for (size_t i = 0; i < BLOCKS; i++) {
            char *const block = snug_aligned_alloc(alignment, alignment - 16);
            CHECK(block != NULL);
            memset(block, (int)i, alignment - 16);
        }
        CHECK(snug_stats(&after));
        CHECK_NUMBERS(after.touched_bytes - before.touched_bytes, <,
                      BLOCKS * alignment / 8 * 9);
    }
    CHECK_HEAP();
}

/* Those that are smaller than their class serve again, too, and without the lock. */
static void aligned_blocks_of_threads_serve_again(void)
{
    pthread_t thread;
    CHECK_NUMBERS(pthread_create(&thread, NULL, do_nothing, NULL), ==, 0);
    CHECK_NUMBERS(pthread_join(thread, NULL), ==, 0);
    for (size_t alignment = 1024; alignment <= 4096; alignment *= 2) {
        void *const block = snug_aligned_alloc(alignment, alignment - 16);
        CHECK(block != NULL);
        const uintptr_t address = (uintptr_t)block;
        snug_free(block);
        void *const again = snug_aligned_alloc(alignment, alignment - 16);
        CHECK((uintptr_t)again == address);
        snug_free(again);
    }
    CHECK_HEAP();
}

static void *fill_and_free_large(void *argument)
{
    fill_and_free_sizes(argument, 64, 1024, 131071);
    return NULL;
}

/* What waits in depots does not hide that all is free. */
static void threads_that_end_leave_few_large_blocks(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, fill_and_free_large,
                             thread_blocks[i]) == 0);
    }
    pthread_barrier_wait(&barrier);
    CHECK_NUMBERS(private_bytes(), >, 14 * mib);
    pthread_barrier_wait(&barrier);
    join_threads(threads);
    for (size_t i = 0; i < 100; i++) {
        snug_free(snug_malloc(300000));
    }
    CHECK_HEAP();
    CHECK_NUMBERS(private_bytes(), <=, 9 * mib);
}

enum {
    HANDED = 1000,
    HANDED_BYTES = 1024,
    HANDED_ROUNDS = 100
};

/* Frees what the other thread allocates, and allocates nothing. */
static void *free_what_is_handed_over(void *argument)
{
    char **const blocks = argument;
    snug_free(snug_malloc(HANDED_BYTES));
    pthread_barrier_wait(&barrier); /* it has lists */
    pthread_barrier_wait(&barrier); /* the heap was emptied */
    for (size_t round = 0; round < HANDED_ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        for (size_t i = 0; i < HANDED; i++) {
            snug_free(blocks[i]);
        }
        CHECK(round != 0 || cache.lean);
        pthread_barrier_wait(&barrier);
    }
    CHECK(!cache.lean);
    return NULL;
}

/* Lists are long again for a thread that only frees, once it has freed more than the
 * heap holds. */
static void lists_are_long_again_for_who_only_frees(void)
{
    char **const blocks = thread_blocks[0];
    pthread_t other;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&other, NULL, free_what_is_handed_over, blocks) == 0);
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREAD_BLOCKS; i++) {
        blocks[i] = snug_malloc(4096);
        memset(blocks[i], 1, 4096);
    }
    for (size_t i = 0; i < THREAD_BLOCKS; i++) {
        snug_free(blocks[i]);
    }
    pthread_barrier_wait(&barrier);
    for (size_t round = 0; round < HANDED_ROUNDS; round++) {
        for (size_t i = 0; i < HANDED; i++) {
            blocks[i] = snug_malloc(HANDED_BYTES);
        }
        pthread_barrier_wait(&barrier); /* handed over */
        pthread_barrier_wait(&barrier); /* freed */
    }
    CHECK(pthread_join(other, NULL) == 0);
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(threads_that_live_on_keep_little),
        CHILD_TEST(blocks_that_wait_are_taken_back_a_few_times),
        /* Who ends last is chance. */
        CHILD_TEST(threads_that_end_leave_little),
        CHILD_TEST(threads_that_end_leave_little),
        CHILD_TEST(threads_that_end_leave_little),
        CHILD_TEST(threads_that_end_leave_little),
        CHILD_TEST(threads_that_end_leave_few_large_blocks),
        CHILD_TEST(lists_are_long_again_for_who_only_frees),
        CHILD_TEST(places_of_one_thread_serve_with_others),
        CHILD_TEST(many_threads_that_need_little_take_little),
        CHILD_TEST(many_free_blocks_go_back_in_time),
        CHILD_TEST(aligned_blocks_stand_side_by_side_with_threads),
        CHILD_TEST(aligned_blocks_of_threads_serve_again),
    };
    return cmocka_run_group_tests_name("purge_threads", tests, NULL, NULL);
}
