/* Memory goes back: from a heap of which nearly all has been freed, and before more
 * would be resident than ever before. */
#include "snug.h"

#include <malloc.h>

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

/* Blocks of drawn sizes, freed at random: what was freed last is in lists, and must not
 * hide that all is free. */
static void freed_at_random_goes_back(size_t (*draw)(struct random *random),
                                      size_t least_peak)
{
    enum {
        BLOCKS = 300000 /* of medium ones an eighth is beyond the 8 MiB left alone */
    };
    static char *blocks[BLOCKS];
    struct random random = {1};
    memset(blocks, 1, sizeof blocks); /* resident from now on */
    const size_t before = private_bytes();
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t size = draw(&random);
        const size_t other = random_below(&random, i + 1);
        blocks[i] = blocks[other];
        blocks[other] = snug_malloc(size);
        CHECK(blocks[other] != NULL);
        memset(blocks[other], 1, size);
    }
    const size_t peak = private_bytes() - before;
    CHECK_NUMBERS(peak, >, least_peak);
    for (size_t i = 0; i < BLOCKS; i++) {
        snug_free(blocks[i]);
    }
    CHECK_NUMBERS(private_bytes() - before, <=, peak / 8);
    CHECK_HEAP();
}

static size_t small_size(struct random *random)
{
    const size_t least = (size_t)16 << random_below(random, 8);
    return least + random_below(random, least);
}

static void small_blocks_freed_at_random_go_back(void)
{
    freed_at_random_goes_back(small_size, 96 * mib);
}

/* Each keeps a run, and in lists are few of many. */
static size_t one_small_size(struct random *random)
{
    (void)random;
    return 100;
}

static void objects_of_one_size_go_back(void)
{
    freed_at_random_goes_back(one_small_size, 16 * mib);
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
    const uint64_t maps = snug_system_calls().mmap;
    snug_free(blocks[FREED]);
    CHECK(snug_malloc(2 * mib) != NULL);
    CHECK_NUMBERS(resident_bytes(blocks[FREED], blocks[FREED] + BLOCK_BYTES), <=,
                  2 * page_bytes);
    CHECK_NUMBERS(snug_system_calls().mmap, ==, maps + 1);
}

/* No more goes than is asked for in their place, and the largest go first. */
static void the_largest_free_blocks_go_back_and_no_more(void)
{
    enum {
        BLOCKS = 32,
        LARGER = 8
    };
    char *blocks[BLOCKS];
    size_t bytes[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        bytes[i] = i / 2 == LARGER / 2 ? (size_t)600 * 1024 : (size_t)400 * 1024;
        blocks[i] = snug_malloc(bytes[i]);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, bytes[i]);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        snug_free(blocks[i]);
    }
    CHECK(snug_malloc((size_t)700 * 1024) != NULL);
    size_t gone = 0;
    for (size_t i = 0; i < BLOCKS; i += 2) {
        gone += resident_bytes(blocks[i], blocks[i] + bytes[i]) < bytes[i] / 2;
    }
    CHECK_NUMBERS(gone, >=, 1);
    CHECK_NUMBERS(gone, <=, 2);
    CHECK_NUMBERS(resident_bytes(blocks[LARGER], blocks[LARGER] + bytes[LARGER]), <,
                  bytes[LARGER] / 2);
    CHECK_HEAP();
}

/* Free blocks of more than 1 MiB are worth a call each, though they are an 80th of the
 * heap, and that is none of which smaller pieces go, too. */
static void free_blocks_of_a_large_heap_go_back(void)
{
    enum {
        BLOCKS = 80,
        BLOCK_BYTES = 5 << 18,
        LARGER_BLOCKS = 9
    };
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    const size_t before = private_bytes();
    const uint64_t maps = snug_system_calls().mmap;
    for (size_t i = 0; i < BLOCKS; i += 4) {
        snug_free(blocks[i]);
    }
    for (size_t i = 0; i < LARGER_BLOCKS; i++) {
        char *const larger = snug_malloc(2 * BLOCK_BYTES);
        CHECK(larger != NULL);
        memset(larger, 1, 2 * BLOCK_BYTES);
    }
    CHECK_NUMBERS(private_bytes(), <, before + 3 * mib);
    CHECK_NUMBERS(snug_system_calls().mmap, <=, maps + 1 + BLOCKS / 4);
}

/* So are pieces of 48 KiB, once there is nothing larger. */
static void small_pieces_of_a_large_heap_go_back(void)
{
    enum {
        BLOCKS = 3200,
        BLOCK_BYTES = 48 << 10,
        LARGER_BLOCKS = 20
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BLOCK_BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    const size_t before = private_bytes();
    for (size_t i = 0; i < BLOCKS; i += 2) {
        snug_free(blocks[i]);
    }
    for (size_t i = 0; i < LARGER_BLOCKS; i++) {
        char *const larger = snug_malloc(mib);
        CHECK(larger != NULL);
        memset(larger, 1, mib);
    }
    CHECK_NUMBERS(private_bytes(), <, before + 5 * mib);
    CHECK_HEAP();
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
    CHECK_NUMBERS(snug_system_calls().mmap, >=, 5); /* 3 if what went is not noted */
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

/* Lists are short while a heap is emptied, and long again for who goes on. */
static void lists_are_long_again_in_an_emptied_heap(void)
{
    enum {
        LISTED = 100,
        BYTES = 48
    };
    void *blocks[LISTED];
    scatter();
    for (size_t i = 0; i < SCATTERED; i++) {
        if (i % 20 != 0) {
            snug_free(scattered.blocks[i]);
        }
    }
    snug_free(snug_malloc(200000)); /* a slow path */
    CHECK(pressure.emptied && cache.lean);
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < LISTED; i++) {
            blocks[i] = snug_malloc(BYTES);
        }
        for (size_t i = 0; i < LISTED; i++) {
            snug_free(blocks[i]);
        }
    }
    CHECK(!cache.lean);
    CHECK_NUMBERS(cache_free_bytes(BYTES / ALIGNMENT_BYTES), >=, LISTED * BYTES);
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(a_trim_gives_free_blocks_back),
        CHILD_TEST(an_emptied_heap_goes_back_amid_small_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_amid_medium_blocks),
        CHILD_TEST(an_emptied_heap_goes_back_while_it_fills),
        CHILD_TEST(small_blocks_freed_at_random_go_back),
        CHILD_TEST(objects_of_one_size_go_back),
        CHILD_TEST(a_heap_that_is_emptied_again_is_kept),
        CHILD_TEST(purge_never_keeps_an_emptied_heap),
        CHILD_TEST(purge_always_gives_it_back_each_time),
        CHILD_TEST(free_blocks_go_back_before_the_heap_grows),
        CHILD_TEST(a_single_free_block_goes_back),
        CHILD_TEST(the_largest_free_blocks_go_back_and_no_more),
        CHILD_TEST(free_blocks_of_a_large_heap_go_back),
        CHILD_TEST(small_pieces_of_a_large_heap_go_back),
        CHILD_TEST(a_program_that_repeats_itself_pays_a_few_times),
        CHILD_TEST(an_emptied_heap_goes_back_after_a_part_of_it),
        CHILD_TEST(lists_are_long_again_in_an_emptied_heap),
    };
    return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
