/* realloc: what a block keeps, when it stays, and when pages move instead of bytes. */
#include "snug.h"

#include <errno.h>
#include <malloc.h>

#include "child.h"
#include "contract.h"
#include "pattern.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

/* What lies behind the block when it is resized. */
enum neighbour {
    NEIGHBOUR_TOP,
    NEIGHBOUR_IN_USE,
    NEIGHBOUR_FREE,
    NEIGHBOURS
};

static void check_realloc(size_t from, size_t to, enum neighbour neighbour)
{
    char *const block = snug_malloc(from);
    CHECK(block != NULL);
    void *const behind = neighbour == NEIGHBOUR_TOP ? NULL : snug_malloc(3000);
    void *const fence = neighbour == NEIGHBOUR_FREE ? snug_malloc(100) : NULL;
    if (neighbour == NEIGHBOUR_FREE) {
        snug_free(behind);
    }
    pattern_fill(block, from, from);
    errno = ERRNO_BEFORE;
    char *const moved = snug_realloc(block, to);
    CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
    check_block(moved, to);
    CHECK_NUMBERS(snug_malloc_usable_size(moved), >=, to);
    if (!pattern_holds(moved, from < to ? from : to, from, from)) {
        child_fail_numbers(__FILE__, __LINE__, "realloc keeps contents", from, to);
    }
    pattern_fill(moved, to, to);
    CHECK_HEAP();
    CHECK(pattern_holds(moved, to, to, to));
    snug_free(moved);
    snug_free(neighbour == NEIGHBOUR_IN_USE ? behind : fence);
}

static void realloc_keeps_contents_over_every_move(void)
{
    const size_t sizes[] = {1,         8,     9,       24,        25,        40,
                            100,       256,   500,     1000,      1024,      3000,
                            5000,      20000, 60000,   127 * kib, 128 * kib, 129 * kib,
                            200 * kib, mib,   5 * mib, 40 * mib};
    const size_t count = sizeof sizes / sizeof *sizes;
    for (enum neighbour n = 0; n < NEIGHBOURS; n++) {
        for (size_t i = 0; i < count * count; i++) {
            check_realloc(sizes[i / count], sizes[i % count], n);
        }
    }
}

/* What no block can have is refused, and the block stays as it is. */
static void realloc_to_too_much_is_refused(void)
{
    const size_t sizes[] = {10, 300, 3000, 300000, 64 * mib};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *const block = snug_malloc(sizes[i]);
        CHECK(block != NULL);
        pattern_fill(block, sizes[i], i);
        for (size_t less = 0; less < 64; less++) {
            errno = 0;
            CHECK(snug_realloc(block, SIZE_MAX - less) == NULL && errno == ENOMEM);
        }
        CHECK(pattern_holds(block, sizes[i], sizes[i], i));
        snug_free(block);
    }
    CHECK_HEAP();
}

static void realloc_of_null_and_to_zero_size(void)
{
    char *const block = snug_realloc(NULL, 100);
    CHECK(block != NULL);
    pattern_fill(block, 100, 1);
    const size_t in_use = snug_mallinfo2().uordblks;
    char *const large = snug_realloc(NULL, 64 * mib);
    CHECK(large != NULL && snug_mallinfo2().hblks == 1);
    CHECK(snug_realloc(large, 0) == NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    char *const medium = snug_realloc(NULL, 30000);
    CHECK(snug_realloc(medium, 0) == NULL);
    CHECK_NUMBERS(snug_mallinfo2().uordblks, ==, in_use);
    char *const zero_size = snug_realloc(NULL, 0);
    CHECK(zero_size != NULL);
    snug_free(zero_size);
    CHECK(pattern_holds(block, 100, 100, 1));
    CHECK_HEAP();
}

static void realloc_grows_in_place_where_it_can(void)
{
    char *const last = snug_malloc(10000);
    CHECK(last != NULL);
    CHECK(snug_realloc(last, 60000) == last); /* into the top */
    CHECK(snug_realloc(last, 5000) == last);  /* and back */
    char *const first = snug_malloc(10000);
    char *const middle = snug_malloc(10000);
    char *const behind = snug_malloc(10000);
    CHECK(first != NULL && middle != NULL && behind != NULL);
    pattern_fill(first, 10000, 1);
    const size_t whole = (size_t)(behind - first) - sizeof(size_t); /* but for a tag */
    snug_free(middle);
    snug_malloc_trim(0);                        /* it is in no list any more */
    CHECK(snug_realloc(first, 15000) == first); /* into a part of the free block */
    CHECK(snug_realloc(first, whole) == first); /* into the rest, to its end */
    CHECK(pattern_holds(first, 10000, 10000, 1));
    CHECK(snug_realloc(first, 2000) == first); /* what is cut off is free again */
    CHECK(snug_realloc(first, 20000) == first);
    CHECK(snug_realloc(first, 30000) != first);
    CHECK_HEAP();
}

/* From memory that is free and was touched a growing block takes more than it needs, so
 * that most of its further steps are none; a new page it does not touch for that. */
static void realloc_takes_a_slack_of_free_memory(void)
{
    enum {
        BYTES = 100000,
        MORE = BYTES + BYTES / 16,
        SLACK = MORE / 128,
    };
    char *const last = snug_malloc(BYTES);
    CHECK(last != NULL && snug_realloc(last, MORE) == last);
    CHECK_NUMBERS(snug_malloc_usable_size(last), <, MORE + SLACK);
    CHECK(snug_realloc(last, 3 * BYTES) == last && snug_realloc(last, BYTES) == last);
    CHECK(snug_realloc(last, MORE) == last); /* into the top that was touched */
    CHECK_NUMBERS(snug_malloc_usable_size(last), >=, MORE + SLACK);
    CHECK_NUMBERS(snug_malloc_usable_size(last), <, MORE + 4 * SLACK);
    CHECK(snug_malloc(10000) != NULL);
    CHECK(snug_realloc(last, BYTES) == last);
    CHECK(snug_realloc(last, BYTES + 3000) == last); /* into a free block */
    CHECK_NUMBERS(snug_malloc_usable_size(last), >=, BYTES + 3000 + SLACK);
    CHECK_HEAP();
}

/* A large block that has moved to grow grows by a little more where it is: of two that
 * grow in turn each would find the other's old place too small. */
static void realloc_moves_to_a_slack(void)
{
    enum {
        FEW = 350000,
        MANY = 1 << 20,
        STEP = 4000
    };
    char *blocks[2];
    for (size_t i = 0; i < 2; i++) {
        blocks[i] = snug_malloc(FEW);
        CHECK(blocks[i] != NULL && snug_malloc(1000) != NULL);
        pattern_fill(blocks[i], FEW, i);
    }
    for (size_t i = 0; i < 2; i++) {
        char *const moved = snug_realloc(blocks[i], MANY);
        CHECK(moved != NULL && moved != blocks[i]);
        blocks[i] = moved;
        CHECK_NUMBERS(snug_malloc_usable_size(moved), <, MANY + MANY / 32);
        /* Something stands behind it: not even a small block has room there. */
        while (snug_malloc(1000) < (void *)(moved + MANY)) {
        }
    }
    for (size_t bytes = MANY; bytes < MANY + 4 * STEP; bytes += STEP) {
        for (size_t i = 0; i < 2; i++) {
            CHECK(snug_realloc(blocks[i], bytes) == blocks[i]);
            CHECK(pattern_holds(blocks[i], FEW, FEW, i));
        }
    }
    CHECK_HEAP();
}

/* A block of which little is left leaves it, and is whole for the next of its size; no
 * small change and no large copy moves one. */
static void realloc_to_little_moves(void)
{
    char *const block = snug_malloc(8192);
    CHECK(block != NULL && snug_malloc(100) != NULL);
    pattern_fill(block, 8192, 1);
    CHECK(snug_realloc(block, 8190) == block);
    CHECK(snug_realloc(block, 8100) == block);
    CHECK_NUMBERS(snug_malloc_usable_size(block), >=, 8192);
    char *const little = snug_realloc(block, 600);
    CHECK(little != block && pattern_holds(little, 600, 8192, 1));
    CHECK(snug_malloc(8192) == block);
    CHECK(snug_realloc(block, 3000) == block);
    CHECK_NUMBERS(snug_malloc_usable_size(block), <, 3100);
    char *const more_than_half = snug_malloc(1000);
    CHECK(more_than_half != NULL && snug_malloc(100) != NULL);
    CHECK(snug_realloc(more_than_half, 600) == more_than_half);
    CHECK_HEAP();
}

/* An object of which less than half is left moves to a smaller one. */
static void realloc_gives_the_rest_of_objects_back(void)
{
    for (size_t i = 0; i < 100; i++) { /* enough for a run */
        char *const object = snug_malloc(200);
        CHECK(object != NULL);
        pattern_fill(object, 200, i);
        char *const half = snug_realloc(object, 105);
        CHECK(half != NULL);
        CHECK_NUMBERS(snug_malloc_usable_size(half), >=, 105);
        char *const rest = snug_realloc(half, 60);
        CHECK(rest != NULL && pattern_holds(rest, 60, 200, i));
        CHECK_NUMBERS(snug_malloc_usable_size(rest), <, 100);
    }
    CHECK_HEAP();
}

static void realloc_of_mappings_moves_pages_not_bytes(void)
{
    char *block = snug_malloc(64 * mib);
    CHECK(block != NULL && snug_mallinfo2().hblks == 1);
    pattern_fill(block, 16 * mib, 1);
    /* Its neighbour in the address space is taken: it has to move at least once. */
    const uint64_t calls = snug_system_calls().mremap;
    for (size_t size = 128 * mib; size <= 512 * mib; size *= 2) {
        block = snug_realloc(block, size);
        CHECK(block != NULL);
        CHECK(pattern_holds(block, 16 * mib - 4096, 16 * mib, 1));
    }
    CHECK_NUMBERS(snug_system_calls().mremap, ==, calls + 3);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
    CHECK_NUMBERS(snug_mallinfo2().hblkhd, >=, 512 * mib);
    block = snug_realloc(block, 70 * mib + 100); /* no whole pages */
    CHECK(block != NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblkhd, ==, 70 * mib + 4096);
    CHECK_HEAP();
    block = snug_realloc(block, 1000);
    CHECK(block != NULL && pattern_holds(block, 1000, 16 * mib, 1));
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    CHECK_HEAP();
}

/* In the heap: a block that must move because another stands behind it, each time by
 * more than was ever resident. The bytes at both ends, which share pages with others,
 * are copied. */
static void realloc_of_large_blocks_moves_pages_not_bytes(void)
{
    skip_if_emulated(); /* the heap grows by mappings */
    char *block = snug_malloc(mib);
    CHECK(block != NULL);
    pattern_fill(block, mib, 1);
    uint64_t calls = snug_system_calls().mremap;
    for (size_t size = 2 * mib; size <= 32 * mib; size *= 2) {
        char *in_the_way = block;
        while (in_the_way <= block) { /* behind it, what is free before it filled */
            in_the_way = snug_malloc(100000);
            CHECK(in_the_way != NULL);
        }
        const uint64_t maps = snug_system_calls().mmap;
        block = snug_realloc(block, size);
        CHECK(block > in_the_way && pattern_holds(block, mib, mib, 1));
        CHECK_NUMBERS(snug_system_calls().mremap, ==, ++calls);
        /* Where it was is mapped anew, known to be vacant, and does not go back. */
        CHECK_NUMBERS(snug_system_calls().mmap, ==, maps + 1);
        memset(block + size / 2, 1, size / 2);
        CHECK_HEAP();
    }
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    CHECK(pattern_holds(block, mib, mib, 1));
    /* What the pages have left is free, and known to be zero. */
    char *const cleared = snug_calloc(1, 8 * mib);
    CHECK(cleared != NULL && pattern_is_zero(cleared, 8 * mib));
    CHECK_HEAP();
}

/* A block that has grown elsewhere grows again where it is then, though a tighter place
 * was free. */
static void a_grown_block_has_room_to_grow(void)
{
    enum {
        BYTES = 300000,
        APART = 200000
    };
    char *block = snug_malloc(BYTES);
    CHECK(block != NULL && snug_malloc(APART) != NULL);
    void *const tight = snug_malloc(BYTES / 2 * 3);
    CHECK(tight != NULL && snug_malloc(APART) != NULL);
    void *const roomy = snug_malloc(4 * BYTES);
    CHECK(roomy != NULL && snug_malloc(APART) != NULL);
    snug_free(tight);
    snug_free(roomy);
    block = snug_realloc(block, BYTES / 3 * 4);
    CHECK(block != NULL && snug_realloc(block, 2 * BYTES) == block);
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(realloc_keeps_contents_over_every_move),
        CHILD_TEST(realloc_of_null_and_to_zero_size),
        CHILD_TEST(realloc_to_too_much_is_refused),
        CHILD_TEST(realloc_grows_in_place_where_it_can),
        CHILD_TEST(realloc_takes_a_slack_of_free_memory),
        CHILD_TEST(realloc_moves_to_a_slack),
        CHILD_TEST(realloc_to_little_moves),
        CHILD_TEST(realloc_gives_the_rest_of_objects_back),
        CHILD_TEST(realloc_of_mappings_moves_pages_not_bytes),
        CHILD_TEST(realloc_of_large_blocks_moves_pages_not_bytes),
        CHILD_TEST(a_grown_block_has_room_to_grow),
    };
    return cmocka_run_group_tests_name("realloc", tests, NULL, NULL);
}
