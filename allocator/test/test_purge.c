/* Memory goes back: from a heap of which nearly all has been freed, whoever freed it,
 * and before more would be resident than ever before. */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "cache/pressure.h"
#include "child.h"
#include "random.h"
#include "resident.h"

static const size_t mib = (size_t)1024 * 1024;

/* Blocks of all sizes, freed in another order: what remains is scattered. */
enum {
    SCATTERED = 20000
};
static struct {
    char *blocks[SCATTERED];
    char *lowest;
    char *highest;
} scattered;

static size_t scattered_resident(void)
{
    return resident_bytes(scattered.lowest, scattered.highest);
}

static void scatter(void)
{
    for (size_t i = 0; i < SCATTERED; i++) {
        const size_t size = (size_t)16 << (i * 7 % 11);
        char *const block = snug_malloc(size);
        CHECK(block != NULL);
        memset(block, 0xee, size);
        if (scattered.lowest == NULL || block < scattered.lowest) {
            scattered.lowest = block;
        }
        if (block + size > scattered.highest) {
            scattered.highest = block + size;
        }
        scattered.blocks[i] = block;
    }
    CHECK_NUMBERS(scattered_resident(), >, 32 * mib);
}

static void gather_in(void)
{
    uint64_t place = 1;
    for (size_t i = 0; i < SCATTERED; i++) { /* 7919 is prime: each once */
        place = (place + 7919) % SCATTERED;
        snug_free(scattered.blocks[place]);
    }
}

/* A trim gives back what lies inside free blocks, not only the top. */
static void a_trim_gives_free_blocks_back(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, 1 << 30), ==, 1);
    char *const free_block = snug_malloc(4 * mib);
    CHECK(free_block != NULL && snug_malloc(1000) != NULL);
    memset(free_block, 0xee, 4 * mib);
    CHECK_NUMBERS(resident_bytes(free_block, free_block + 4 * mib), >=,
                  4 * mib - page_bytes);
    snug_free(free_block);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(resident_bytes(free_block, free_block + 4 * mib), <=, 2 * page_bytes);
    CHECK_HEAP();
}

/* What a program may do when it has freed nearly all. */
static void free_one_small(void)
{
    snug_free(snug_malloc(64));
}

static void free_one_medium(void)
{
    snug_free(snug_malloc(3000));
}

static void keep_one_small(void)
{
    CHECK(snug_malloc(48) != NULL);
}

static void emptied_heap_goes_back(void (*activity)(void))
{
    scatter();
    const size_t before = scattered_resident();
    gather_in();
    for (int j = 0; j < 1000; j++) {
        activity();
    }
    CHECK_NUMBERS(scattered_resident(), <=, before / 8);
    CHECK_HEAP();
}

static void an_emptied_heap_goes_back_amid_small_blocks(void)
{
    emptied_heap_goes_back(free_one_small);
}

static void an_emptied_heap_goes_back_amid_medium_blocks(void)
{
    emptied_heap_goes_back(free_one_medium);
}

static void an_emptied_heap_goes_back_while_it_fills(void)
{
    emptied_heap_goes_back(keep_one_small);
}

static size_t private_bytes(void)
{
    FILE *const file = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    size_t kib = 0;
    if (file == NULL) {
        _exit(CHILD_SKIPPED);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Private_Dirty:", 14) == 0) {
            kib = strtoul(line + 14, NULL, 10);
        }
    }
    fclose(file);
    return kib * 1024;
}

/* What was freed last is in lists, and must not hide that all is free. */
static void small_blocks_freed_at_random_go_back(void)
{
    enum {
        BLOCKS = 200000
    };
    static char *blocks[BLOCKS];
    struct random random = {1};
    memset(blocks, 1, sizeof blocks); /* resident from now on */
    const size_t before = private_bytes();
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t least = (size_t)16 << random_below(&random, 8);
        const size_t size = least + random_below(&random, least);
        const size_t other = random_below(&random, i + 1);
        blocks[i] = blocks[other];
        blocks[other] = snug_malloc(size);
        CHECK(blocks[other] != NULL);
        memset(blocks[other], 1, size);
    }
    const size_t peak = private_bytes() - before;
    CHECK_NUMBERS(peak, >, 96 * mib);
    for (size_t i = 0; i < BLOCKS; i++) {
        snug_free(blocks[i]);
    }
    CHECK_NUMBERS(private_bytes() - before, <=, peak / 8);
    CHECK_HEAP();
}

/* Growth has paid for one time: a program that repeats itself keeps its pages. */
static void a_heap_that_is_emptied_again_is_kept(void)
{
    scatter();
    gather_in();
    const uint64_t maps = snug_system_calls().mmap;
    for (int round = 0; round < 5; round++) {
        scatter();
        gather_in();
        CHECK_HEAP();
    }
    CHECK_NUMBERS(snug_system_calls().mmap, <=, maps + 1);
}

static void purge_never_keeps_an_emptied_heap(void)
{
    CHECK(setenv("SNUG_PURGE", "never", 1) == 0);
    scatter();
    const size_t before = scattered_resident();
    gather_in();
    CHECK_NUMBERS(scattered_resident(), ==, before);
}

static void purge_always_gives_it_back_each_time(void)
{
    CHECK(setenv("SNUG_PURGE", "always", 1) == 0);
    for (int round = 0; round < 3; round++) {
        scatter();
        const size_t before = scattered_resident();
        gather_in();
        CHECK_NUMBERS(scattered_resident(), <=, before / 8);
        CHECK_HEAP();
    }
}

/* A buffer is replaced by a larger one, over and over: the free blocks that are left go
 * back before more is resident than needed, and what is asked for in them reads as
 * zeros. */
static void free_blocks_go_back_before_the_heap_grows(void)
{
    enum {
        STEPS = 40,
        STEP_BYTES = 200000
    };
    char *buffer = NULL;
    char *const first = snug_malloc(100);
    char *last = first;
    for (size_t i = 1; i < STEPS; i++) {
        char *const larger = snug_malloc(i * STEP_BYTES);
        CHECK(larger != NULL && snug_malloc(1000) != NULL);
        memset(larger, 1, i * STEP_BYTES);
        last = larger + i * STEP_BYTES;
        snug_free(buffer);
        buffer = larger;
        CHECK_HEAP();
    }
    CHECK_NUMBERS(resident_bytes(first, last), <=,
                  (size_t)(2 * STEPS * STEP_BYTES + STEPS * STEP_BYTES / 8));
    CHECK_NUMBERS(snug_system_calls().mmap, >=, 1);
    CHECK_NUMBERS(snug_system_calls().mmap, <=, 2 * STEPS);
    for (size_t bytes = STEP_BYTES; bytes < STEPS * STEP_BYTES;
         bytes += 7 * STEP_BYTES) {
        char *const zeros = snug_calloc(1, bytes);
        CHECK(zeros != NULL);
        for (size_t i = 0; i < bytes; i++) {
            CHECK(zeros[i] == 0);
        }
        CHECK_HEAP();
    }
}

/* One free block of a 36th of what is resident is worth a call: nothing else need be
 * free. */
static void a_single_free_block_goes_back(void)
{
    enum {
        BLOCKS = 36,
        FREED = BLOCKS / 2,
        BLOCK_BYTES = 1 << 20
    };
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL && snug_malloc(1000) != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    snug_free(blocks[FREED]);
    CHECK(snug_malloc(2 * mib) != NULL);
    CHECK_NUMBERS(resident_bytes(blocks[FREED], blocks[FREED] + BLOCK_BYTES), <=,
                  2 * page_bytes);
    CHECK_NUMBERS(snug_system_calls().mmap, ==, 1);
}

static void use_and_free(size_t bytes)
{
    char *const block = snug_malloc(bytes);
    CHECK(block != NULL);
    memset(block, 1, bytes);
    snug_free(block);
}

/* A free block and the top are used in turn, and pages of the other go back each time:
 * a few times, then both stay. */
static void a_program_that_repeats_itself_pays_a_few_times(void)
{
    enum {
        ROUNDS = 50
    };
    char *const first = snug_malloc(6 * mib);
    CHECK(first != NULL && snug_malloc(1000) != NULL);
    memset(first, 1, 6 * mib);
    snug_free(first);
    for (size_t round = 0; round < ROUNDS; round++) {
        use_and_free(7 * mib);
        use_and_free(6 * mib);
        CHECK_HEAP();
    }
    CHECK_NUMBERS(snug_system_calls().mmap, >=, 4);
    CHECK_NUMBERS(snug_system_calls().mmap, <=, 12);
}

/* Most is free, but too much in use to give all back; then the largest free block goes
 * back alone, as a mapping is made, and later the rest is freed. */
static void an_emptied_heap_goes_back_after_a_part_of_it(void)
{
    enum {
        BLOCKS = 1280,
        BLOCK_BYTES = 16 * 1024
    };
    static char *blocks[BLOCKS];
    const size_t before = private_bytes();
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1);
    char *const large = snug_malloc(20 * mib);
    CHECK(large != NULL);
    memset(large, 1, 20 * mib);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    snug_free(large);
    for (size_t i = 0; i < BLOCKS; i++) {
        if (i % 5 != 0) {
            snug_free(blocks[i]);
        }
    }
    CHECK_NUMBERS(private_bytes() - before, >, 40 * mib);
    char *const mapped = snug_malloc(33 * mib);
    CHECK(mapped != NULL);
    CHECK_NUMBERS(private_bytes() - before, <, 24 * mib);
    snug_free(mapped);
    for (size_t i = 0; i < BLOCKS; i += 5) {
        snug_free(blocks[i]);
    }
    CHECK_HEAP();
    CHECK_NUMBERS(private_bytes() - before, <, 5 * mib);
}

/* Each thread fills and frees; what they keep, or leave as they end, is little. */
enum {
    THREADS = 4,
    THREAD_BLOCKS = 6000
};
static pthread_barrier_t barrier;
static char *thread_blocks[THREADS][THREAD_BLOCKS];

static void *fill_and_free(void *argument)
{
    char **const blocks = argument;
    struct random random = {(uintptr_t)blocks};
    for (size_t i = 0; i < THREAD_BLOCKS; i++) {
        const size_t size = 32 + random_below(&random, 4065);
        blocks[i] = snug_malloc(size);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, size);
    }
    pthread_barrier_wait(&barrier); /* all have filled */
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREAD_BLOCKS; i++) {
        snug_free(blocks[i]);
    }
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
        ROUNDS = 300,
        BLOCKS = 600,
        KEPT_BYTES = 16000
    };
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&thread, NULL, wait_for_the_others, NULL) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        char *blocks[BLOCKS];
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = snug_malloc(2000 * (1 + i % 3));
            CHECK(blocks[i] != NULL);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            snug_free(blocks[i]);
        }
        CHECK(snug_malloc(KEPT_BYTES) != NULL);
    }
    CHECK_NUMBERS(pressure.reclaimed_bytes, >=, 4 * pressure.ceiling_bytes);
    CHECK_NUMBERS(pressure.reclaimed_bytes, <=, 10 * pressure.ceiling_bytes);
    CHECK_HEAP();
    pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(a_trim_gives_free_blocks_back),
        CHILD_TEST(an_emptied_heap_goes_back_amid_small_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_amid_medium_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_while_it_fills),
        CHILD_TEST(small_blocks_freed_at_random_go_back),
        CHILD_TEST(a_heap_that_is_emptied_again_is_kept),
        CHILD_TEST(purge_never_keeps_an_emptied_heap),
        CHILD_TEST(purge_always_gives_it_back_each_time),
        CHILD_TEST(free_blocks_go_back_before_the_heap_grows),
        CHILD_TEST(a_single_free_block_goes_back),
        CHILD_TEST(a_program_that_repeats_itself_pays_a_few_times),
        CHILD_TEST(an_emptied_heap_goes_back_after_a_part_of_it),
        CHILD_TEST(threads_that_live_on_keep_little),
        CHILD_TEST(blocks_that_wait_are_taken_back_a_few_times),
        CHILD_TEST(threads_that_end_leave_little),
    };
    return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
