/* The heap and the system: giving memory back, and others who move the break. */
#include "snug.h"

#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>

#include "child.h"
#include "pattern.h"
#include "random.h"
#include "resident.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

struct crowd {
    char *blocks[1000];
    size_t count;
};

enum {
    MEMBER_BYTES = 60000
};

/* 60 MB of blocks, every byte written, and nothing given back by itself. */
static void gather(struct crowd *crowd)
{
    CHECK(snug_mallopt(M_TRIM_THRESHOLD, -1) == 1);
    crowd->count = sizeof crowd->blocks / sizeof *crowd->blocks;
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->blocks[i] = snug_malloc(MEMBER_BYTES);
        CHECK(crowd->blocks[i] != NULL);
        memset(crowd->blocks[i], 0xee, MEMBER_BYTES);
    }
}

static size_t crowd_resident(const struct crowd *crowd)
{
    return resident_bytes(crowd->blocks[0], crowd->blocks[crowd->count - 1]);
}

static void trim_gives_the_top_back(void)
{
    static struct crowd crowd;
    char *const live = snug_malloc(1000);
    pattern_fill(live, 1000, 1);
    gather(&crowd);
    CHECK_NUMBERS(crowd_resident(&crowd), >, 55 * mib);
    for (size_t i = 0; i < crowd.count; i++) {
        snug_free(crowd.blocks[i]);
    }
    CHECK_NUMBERS(crowd_resident(&crowd), >, 55 * mib); /* M_TRIM_THRESHOLD -1: never */
    CHECK_NUMBERS(snug_malloc_trim(20 * mib), ==, 1);
    CHECK_NUMBERS(crowd_resident(&crowd), >=, 19 * mib);
    CHECK_NUMBERS(crowd_resident(&crowd), <=, 21 * mib);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(crowd_resident(&crowd), <=, mib);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 0);
    CHECK(pattern_holds(live, 1000, 1000, 1));
    CHECK_HEAP();
    char *const again = snug_calloc(1, 40 * mib);
    CHECK(again != NULL && pattern_is_zero(again, 40 * mib));
}

static void trim_gives_pages_inside_free_blocks_back(void)
{
    static struct crowd crowd;
    gather(&crowd);
    for (size_t i = 0; i + 5 < crowd.count; i++) { /* runs of four, one stays */
        if (i % 5 != 4) {
            snug_free(crowd.blocks[i]);
        }
    }
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(crowd_resident(&crowd), <, 15 * mib);
    for (size_t i = 4; i + 5 < crowd.count; i += 5) {
        CHECK(crowd.blocks[i][0] == '\xee');
        CHECK(memcmp(crowd.blocks[i], crowd.blocks[i] + 1, MEMBER_BYTES - 1) == 0);
    }
    CHECK_HEAP();
    for (size_t i = 0; i < 500; i++) {
        char *const block = snug_calloc(1, 50000);
        CHECK(block != NULL && pattern_is_zero(block, 50000));
    }
}

/* One block of ten stays: between them are pages, however little each of these gives.
 */
static void trim_gives_pages_inside_small_free_blocks_back(void)
{
    enum {
        BLOCKS = 5000,
        BYTES = 3000
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(BYTES);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], (int)(i % 251), BYTES);
    }
    char *const start = blocks[0];
    char *const end = blocks[BLOCKS - 1];
    for (size_t i = 0; i < BLOCKS; i++) {
        if (i % 10 != 0) {
            snug_free(blocks[i]);
        }
    }
    const size_t before = resident_bytes(start, end);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(resident_bytes(start, end), <, before / 2);
    CHECK_HEAP();
    for (size_t i = 0; i < BLOCKS; i += 10) {
        CHECK(blocks[i][0] == (char)(i % 251));
        CHECK(memcmp(blocks[i], blocks[i] + 1, BYTES - 1) == 0);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        char *const block = snug_calloc(1, BYTES);
        CHECK(block != NULL && pattern_is_zero(block, BYTES));
    }
    CHECK_HEAP();
}

/* A pad beyond all memory keeps everything, and never reaches below the top. */
static void trim_with_any_pad_leaves_live_blocks_alone(void)
{
    enum {
        BLOCKS = 50
    };
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(10000);
        CHECK(blocks[i] != NULL);
        pattern_fill(blocks[i], 10000, i);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        snug_malloc_trim((size_t)1 << bit);
        snug_malloc_trim(SIZE_MAX >> bit);
        snug_malloc_trim(~(SIZE_MAX >> bit));
        snug_malloc_trim(0 - ((size_t)5000 << bit % 10));
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(pattern_holds(blocks[i], 10000, 10000, i));
    }
    CHECK_HEAP();
}

static void a_large_free_top_goes_back_by_itself(void)
{
    static struct crowd crowd;
    gather(&crowd);
    CHECK(snug_mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    for (size_t i = crowd.count; i > 0; i--) {
        snug_free(crowd.blocks[i - 1]);
    }
    CHECK_NUMBERS(snug_system_calls().mmap, >, 0);
    CHECK_NUMBERS(snug_system_calls().mmap, <, 100);
    CHECK_NUMBERS(crowd_resident(&crowd), <, 59 * mib);
    CHECK_HEAP();
}

/* Room that somebody else takes from brk, with bytes that must stay. */
struct foreign {
    char *memory;
    size_t bytes;
};

static struct foreign take_break(size_t bytes)
{
    struct foreign foreign = {sbrk((intptr_t)bytes), bytes};
    CHECK(foreign.memory != (char *)-1);
    pattern_fill(foreign.memory, bytes, bytes);
    return foreign;
}

static void check_foreign(struct foreign foreign)
{
    CHECK(pattern_holds(foreign.memory, foreign.bytes, foreign.bytes, foreign.bytes));
}

static void check_outside(const char *block, size_t bytes, struct foreign foreign)
{
    CHECK(block + bytes <= foreign.memory || block >= foreign.memory + foreign.bytes);
}

/* Others take pieces, odd ones too, while the heap outgrows its reservation twice. */
static void others_may_move_the_break(void)
{
    enum {
        PIECES = 5,
        BLOCKS = 4000
    };
    const size_t piece_bytes[PIECES] = {page_bytes, 1, 100, 5000, 70001};
    struct foreign pieces[PIECES];
    static char *blocks[BLOCKS];
    struct random random = {7};
    size_t taken = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (i % (BLOCKS / PIECES) == 10) {
            pieces[taken] = take_break(piece_bytes[taken]);
            taken++;
        }
        blocks[i] = snug_calloc(1, 90000);
        CHECK(blocks[i] != NULL && pattern_is_zero(blocks[i], 90000));
        for (size_t p = 0; p < taken; p++) {
            check_outside(blocks[i], 90000, pieces[p]);
        }
        pattern_fill(blocks[i], 90000, i);
    }
    CHECK_HEAP();
    for (size_t i = 0; i < 3 * (size_t)BLOCKS; i++) {
        const size_t j = random_below(&random, BLOCKS);
        CHECK(pattern_holds(blocks[j], 90000, 90000, j));
        snug_free(blocks[j]);
        blocks[j] = snug_malloc(90000);
        CHECK(blocks[j] != NULL);
        pattern_fill(blocks[j], 90000, j);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(pattern_holds(blocks[i], 90000, 90000, i));
        snug_free(blocks[i]);
    }
    CHECK_HEAP();
    snug_malloc_trim(0);
    for (size_t p = 0; p < taken; p++) {
        check_foreign(pieces[p]);
    }
    check_foreign(take_break(page_bytes));
    CHECK_HEAP();
}

/* The reservation begins and ends inside pages that others use: filling and trimming it
 * must not reach beyond. */
static void trimming_keeps_to_our_part_of_a_shared_page(void)
{
    const struct foreign before = take_break(100);
    char *blocks[800];
    size_t count = 0;
    snug_free(snug_malloc(1));
    const struct foreign behind = take_break(3000);
    CHECK(snug_mallopt(M_TRIM_THRESHOLD, -1) == 1);
    const size_t arena = snug_mallinfo2().arena;
    for (size_t size = 100000; size >= 16; size = size > 16 ? size / 2 : 0) {
        while (count < 800 && snug_mallinfo2().keepcost >= size + 64) {
            blocks[count] = snug_malloc(size);
            CHECK(blocks[count] != NULL);
            memset(blocks[count], 0xee, size);
            count++;
        }
    }
    CHECK_NUMBERS(snug_mallinfo2().keepcost, <, 4000);
    CHECK_NUMBERS(snug_mallinfo2().arena, ==, arena);
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[i]);
    }
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_HEAP();
    check_foreign(before);
    check_foreign(behind);
    const size_t most = snug_mallinfo2().keepcost - 64;
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 1 << 30) == 1);
    const unsigned char *const whole = snug_calloc(1, most);
    CHECK(whole != NULL);
    for (size_t i = most - 2 * page_bytes; i < most; i++) {
        CHECK_NUMBERS(whole[i], ==, 0);
    }
}

/* Memory that others used and gave back is not as fresh as it looks. */
static void calloc_clears_what_others_left_behind_the_break(void)
{
    const struct foreign left = take_break(3000);
    CHECK(sbrk(-2000) != (void *)-1);
    unsigned char *const block = snug_calloc(1, 4000);
    CHECK(block != NULL && pattern_is_zero(block, 4000));
    memset(block, 0xee, 4000);
    CHECK(pattern_holds(left.memory, 1000, 3000, 3000));
    CHECK_HEAP();
}

/* libc's own malloc lives in the same break. */
static void libc_may_allocate_beside_us(void)
{
    enum {
        BLOCKS = 3000
    };
    static char *ours[BLOCKS];
    static char *theirs[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        ours[i] = snug_malloc(60000);
        theirs[i] = malloc(9000);
        CHECK(ours[i] != NULL && theirs[i] != NULL);
        pattern_fill(ours[i], 60000, i);
        pattern_fill(theirs[i], 9000, i + 1);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(pattern_holds(ours[i], 60000, 60000, i));
        CHECK(pattern_holds(theirs[i], 9000, 9000, i + 1));
        snug_free(ours[i]);
        free(theirs[i]);
    }
    CHECK_HEAP();
}

/* With the soft limit at 0 the kernel refuses brk, but lets mappings through. */
static void without_brk_the_heap_grows_by_mappings(void)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_DATA, &limit) == 0);
    limit.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
    if (sbrk((intptr_t)mib) != (void *)-1) {
        _exit(CHILD_SKIPPED);
    }
    const uint64_t maps = snug_system_calls().mmap;
    enum {
        BLOCKS = 5000
    };
    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        errno = 77; /* a refused brk is not the caller's business */
        blocks[i] = snug_calloc(1, 50000);
        CHECK_NUMBERS(errno, ==, 77);
        CHECK(blocks[i] != NULL && pattern_is_zero(blocks[i], 50000));
        pattern_fill(blocks[i], 50000, i);
    }
    CHECK_HEAP();
    CHECK_NUMBERS(snug_mallinfo2().arena, >=, (size_t)BLOCKS * 50000);
    CHECK_NUMBERS(snug_system_calls().mmap - maps, >, 0);
    CHECK_NUMBERS(snug_system_calls().mmap - maps, <, 20);
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(pattern_holds(blocks[i], 50000, 50000, i));
        snug_free(blocks[i]);
    }
    CHECK_HEAP();
    CHECK(snug_malloc(40 * kib) != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(trim_gives_the_top_back),
        CHILD_TEST(trim_gives_pages_inside_free_blocks_back),
        CHILD_TEST(trim_gives_pages_inside_small_free_blocks_back),
        CHILD_TEST(trim_with_any_pad_leaves_live_blocks_alone),
        CHILD_TEST(a_large_free_top_goes_back_by_itself),
        CHILD_TEST(others_may_move_the_break),
        CHILD_TEST(trimming_keeps_to_our_part_of_a_shared_page),
        CHILD_TEST(calloc_clears_what_others_left_behind_the_break),
        CHILD_TEST(libc_may_allocate_beside_us),
        CHILD_TEST(without_brk_the_heap_grows_by_mappings),
    };
    return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
