/* A heap of which nearly all has been freed: its pages go back after a while, unless
 * the program goes on to use them. */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "cache.h"
#include "child.h"
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

/* A trim gives back what lies inside holes, not only the top. */
static void a_trim_gives_holes_back(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, 1 << 30), ==, 1);
    char *const hole = snug_malloc(4 * mib);
    CHECK(hole != NULL && snug_malloc(1000) != NULL);
    memset(hole, 0xee, 4 * mib);
    CHECK_NUMBERS(resident_bytes(hole, hole + 4 * mib), >=, 4 * mib - page_bytes);
    snug_free(hole);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(resident_bytes(hole, hole + 4 * mib), <=, 2 * page_bytes);
    CHECK_HEAP();
}

/* What a program may do when it has freed nearly all: each must come by the purge. The
 * size is of a class that has runs by now. */
static void *free_one_small(void)
{
    snug_free(snug_malloc(64));
    return NULL;
}

static void *free_one_medium(void)
{
    snug_free(snug_malloc(3000));
    return NULL;
}

static void *keep_one_small(void)
{
    return snug_malloc(48);
}

static void emptied_heap_goes_back(void *(*activity)(void))
{
    CHECK(setenv("SNUG_PURGE", "20", 1) == 0);
    scatter();
    const size_t before = scattered_resident();
    gather_in();
    /* What lay at the top may have gone back already while it was freed. */
    for (int i = 0;
         i < 1000 && (cache.state != CACHE_ALIVE || scattered_resident() > before / 8);
         i++) {
        usleep(1000);
        for (int j = 0; j < 100; j++) {
            activity();
        }
    }
    CHECK_NUMBERS(scattered_resident(), <=, before / 8);
    CHECK_NUMBERS(cache.state, ==, CACHE_ALIVE);
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

static void a_heap_that_fills_again_is_kept(void)
{
    CHECK(setenv("SNUG_PURGE", "100000", 1) == 0);
    scatter();
    const size_t before = scattered_resident();
    gather_in();
    CHECK_NUMBERS(cache.state, ==, CACHE_PAUSED);
    CHECK_HEAP();
    CHECK_NUMBERS(scattered_resident(), >, before / 2);
    scatter();
    free_one_small();
    CHECK_NUMBERS(cache.state, ==, CACHE_ALIVE);
    gather_in();
    CHECK_HEAP();
}

static void *scatter_and_gather(void *unused)
{
    (void)unused;
    scatter();
    gather_in();
    return NULL;
}

/* The thread that waited is not alone any more, and another one purges. */
static void a_pause_ends_among_threads(void)
{
    pthread_t thread;
    CHECK(setenv("SNUG_PURGE", "100000", 1) == 0);
    scatter();
    gather_in();
    CHECK_NUMBERS(cache.state, ==, CACHE_PAUSED);
    CHECK(pthread_create(&thread, NULL, scatter_and_gather, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    free_one_small();
    free_one_medium();
    CHECK_NUMBERS(cache.state, ==, CACHE_ALIVE);
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(a_trim_gives_holes_back),
        CHILD_TEST(an_emptied_heap_goes_back_amid_small_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_amid_medium_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_while_it_fills),
        CHILD_TEST(a_heap_that_fills_again_is_kept),
        CHILD_TEST(a_pause_ends_among_threads),
    };
    return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
