/* malloc, calloc, free: the contract of snug.h, each test on a fresh heap. */
#include "snug.h"

#include <errno.h>
#include <malloc.h>

#include "child.h"
#include "contract.h"
#include "pattern.h"
#include "random.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;
static const size_t limit_bytes = ((size_t)1 << 47) - (size_t)64 * 1024;

/* A block on which all that was promised is tried, ends written to the last byte. */
static unsigned char *good_block(size_t size)
{
    errno = ERRNO_BEFORE;
    unsigned char *const block = snug_malloc(size);
    check_block(block, size);
    const size_t usable = snug_malloc_usable_size(block);
    CHECK_NUMBERS(usable, >=, size);
    CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
    if (usable > 0) {
        pattern_fill(block, usable, size);
        block[0] = block[usable - 1] = (unsigned char)size;
    }
    return block;
}

static void check_and_free(unsigned char *block, size_t size)
{
    const size_t usable = snug_malloc_usable_size(block);
    CHECK(usable == 0 || (block[0] == (unsigned char)size &&
                          block[usable - 1] == (unsigned char)size));
    if (usable > 2) {
        block[0] = pattern_byte(0, size);
        block[usable - 1] = pattern_byte(usable - 1, size);
        CHECK(pattern_holds(block, usable, usable, size));
    }
    errno = ERRNO_BEFORE;
    snug_free(block);
    CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
}

/* All at once, so that one that overlaps another is found out. */
static void every_small_size(void)
{
    enum {
        SIZES = 5001
    };
    static unsigned char *blocks[SIZES];
    for (size_t size = 0; size < SIZES; size++) {
        blocks[size] = good_block(size);
    }
    CHECK_HEAP();
    for (size_t i = 0; i < SIZES; i++) { /* 7 and 5001 have no common divisor */
        const size_t size = i * 7 % SIZES;
        check_and_free(blocks[size], size);
        if (i % 500 == 0) {
            CHECK_HEAP();
        }
    }
    CHECK_HEAP();
}

static void sizes_around_powers_of_two(void)
{
    for (size_t power = 1; power <= 64 * mib; power *= 2) {
        unsigned char *blocks[40];
        size_t sizes[40];
        size_t count = 0;
        for (int delta = -18; delta <= 18; delta += power < 4096 ? 1 : 2) {
            if (delta < 0 && power < (size_t)-delta) {
                continue;
            }
            sizes[count] = power + (size_t)delta;
            blocks[count] = good_block(sizes[count]);
            count++;
        }
        CHECK_HEAP();
        for (size_t i = 0; i < count; i++) {
            check_and_free(blocks[i], sizes[i]);
        }
    }
    CHECK_HEAP();
}

static void blocks_of_no_bytes_are_blocks_of_their_own(void)
{
    void *const blocks[] = {snug_malloc(0), snug_malloc(0), snug_calloc(0, 16),
                            snug_calloc(16, 0), snug_aligned_alloc(16, 0)};
    const size_t count = sizeof blocks / sizeof *blocks;
    for (size_t i = 0; i < count; i++) {
        CHECK(blocks[i] != NULL);
        for (size_t j = 0; j < i; j++) {
            CHECK(blocks[i] != blocks[j]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[i]);
    }
    CHECK_HEAP();
}

/* Of more than there is room for the others are objects, in each round. */
static void blocks_of_no_bytes_have_room_again(void)
{
    enum {
        ROOM = 65536,
        MORE = 1000
    };
    static void *blocks[ROOM + MORE];
    for (size_t round = 0; round < 3; round++) {
        size_t of_no_bytes = 0;
        for (size_t i = 0; i < ROOM + MORE; i++) {
            blocks[i] = snug_malloc(0);
            CHECK(blocks[i] != NULL);
            of_no_bytes += snug_malloc_usable_size(blocks[i]) == 0;
        }
        CHECK_NUMBERS(of_no_bytes, ==, ROOM);
        for (size_t i = 0; i < ROOM + MORE; i++) {
            snug_free(blocks[i]);
        }
    }
    CHECK_HEAP();
}

static void free_takes_null_and_sized_forms(void)
{
    errno = ERRNO_BEFORE;
    snug_free(NULL);
    snug_free_sized(NULL, 10);
    snug_free_aligned_sized(NULL, 64, 10);
    CHECK_NUMBERS(snug_malloc_usable_size(NULL), ==, 0);
    const size_t in_use = snug_mallinfo2().uordblks;
    for (size_t size = 1; size <= 4 * mib; size *= 3) {
        snug_free_sized(snug_malloc(size), size);
        snug_free_aligned_sized(snug_aligned_alloc(64, size), 64, size);
    }
    CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    CHECK_NUMBERS(snug_mallinfo2().uordblks, <=, in_use + 64 * kib);
    CHECK_HEAP();
}

static void check_zeroed(size_t count, size_t size)
{
    unsigned char *const block = snug_calloc(count, size);
    const size_t bytes = count * size;
    check_block(block, bytes);
    if (!pattern_is_zero(block, bytes)) {
        child_fail_numbers(__FILE__, __LINE__, "calloc of (count, size) is zero", count,
                           size);
    }
    memset(block, 0xff, snug_malloc_usable_size(block));
    snug_free(block);
}

static void calloc_clears_what_was_used_before(void)
{
    for (size_t size = 0; size < 2000; size++) {
        unsigned char *const block = snug_malloc(size);
        CHECK(block != NULL);
        memset(block, 0xff, snug_malloc_usable_size(block));
        snug_free(block);
        check_zeroed(1, size);
        check_zeroed(size, 1);
    }
    for (size_t size = 2000; size < 4 * mib; size += size / 3) {
        check_zeroed(4, size / 4); /* the second finds what the first has left */
        check_zeroed(4, size / 4);
    }
    CHECK_HEAP();
}

/* The heap as programs leave it: free blocks, a top that was used and partly given
 * back. */
static void calloc_clears_among_other_blocks(void)
{
    enum {
        SLOTS = 300,
        OPERATIONS = 30000
    };
    static struct slot {
        unsigned char *block;
        size_t size;
    } slots[SLOTS];
    struct random random = {2};
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct slot *const slot = &slots[random_below(&random, SLOTS)];
        if (slot->block != NULL) {
            memset(slot->block, 0xff, slot->size);
            snug_free(slot->block);
        }
        const size_t most = i % 10000 < 50 ? 600 * kib : 6 * kib;
        slot->size = random_below(&random, most);
        slot->block = snug_calloc(1, slot->size);
        check_block(slot->block, slot->size);
        CHECK(pattern_is_zero(slot->block, slot->size));
        memset(slot->block, 0xff, slot->size);
        if (i % 2500 == 0) {
            snug_malloc_trim(i % 5000 == 0 ? 0 : 100 * kib);
        }
    }
    CHECK_HEAP();
}

static void calloc_leaves_fresh_pages_alone(void)
{
    skip_if_emulated();
    struct rusage before, after;
    CHECK(getrusage(RUSAGE_SELF, &before) == 0);
    CHECK(snug_calloc(64, mib) != NULL);
    CHECK(snug_calloc(60 * kib, 1) != NULL);
    CHECK(getrusage(RUSAGE_SELF, &after) == 0);
    CHECK_NUMBERS((unsigned long)(after.ru_minflt - before.ru_minflt), <, 200);
}

/* Both must fail with ENOMEM; the live block beside them is none the worse. */
static void products_that_overflow_are_refused(void)
{
    static const struct {
        size_t count, size;
    } products[] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2},
        {(size_t)1 << 32, (size_t)1 << 32},
        {((size_t)1 << 32) + 1, ((size_t)1 << 32) - 1},
        {SIZE_MAX / 16 + 2, 16},
        {PTRDIFF_MAX, 3},
        {1, SIZE_MAX},
        {(size_t)1 << 24, (size_t)1 << 24},
    };
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        char *const block = snug_malloc(100);
        CHECK(block != NULL);
        pattern_fill(block, 100, i);
        errno = 0;
        CHECK(snug_calloc(products[i].count, products[i].size) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        errno = 0;
        CHECK(snug_reallocarray(block, products[i].count, products[i].size) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        errno = 0;
        CHECK(snug_reallocarray(NULL, products[i].count, products[i].size) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        CHECK(pattern_holds(block, 100, 100, i));
        snug_free(block);
    }
    char *block = snug_reallocarray(NULL, 10, 10);
    CHECK(block != NULL);
    pattern_fill(block, 100, 1);
    block = snug_reallocarray(block, 1000, 30);
    CHECK(block != NULL && pattern_holds(block, 100, 100, 1));
    CHECK(snug_reallocarray(block, 0, 10) == NULL); /* freed, as realloc to 0 does */
    CHECK_HEAP();
}

#define CHECK_REFUSED(call)                                                            \
    do {                                                                               \
        errno = 0;                                                                     \
        CHECK((call) == NULL);                                                         \
        CHECK_NUMBERS(errno, ==, ENOMEM);                                              \
    } while (0)

static void check_too_large(size_t size, void *live)
{
    CHECK_REFUSED(snug_malloc(size));
    CHECK_REFUSED(snug_calloc(1, size));
    CHECK_REFUSED(snug_calloc(size, 1));
    CHECK_REFUSED(snug_realloc(live, size));
    CHECK_REFUSED(snug_realloc(NULL, size));
    CHECK_REFUSED(snug_reallocarray(live, 1, size));
    CHECK_REFUSED(snug_aligned_alloc(64, size));
    CHECK_REFUSED(snug_aligned_alloc(mib, size));
    CHECK_REFUSED(snug_memalign(64, size));
    CHECK_REFUSED(snug_valloc(size));
    CHECK_REFUSED(snug_pvalloc(size));
    void *out = live;
    errno = ERRNO_BEFORE;
    CHECK_NUMBERS(snug_posix_memalign(&out, 64, size), ==, ENOMEM);
    CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
    CHECK(out == live);
}

static void sizes_that_nobody_has_are_refused(void)
{
    /* The first is the smallest block: a sum that wraps around is near to its size. */
    const size_t live_sizes[] = {20, 40, 20000, 8 * mib};
    for (size_t i = 0; i < sizeof live_sizes / sizeof *live_sizes; i++) {
        const size_t live_size = live_sizes[i];
        char *const live = snug_malloc(live_size);
        CHECK(live != NULL);
        pattern_fill(live, live_size, i);
        const size_t edges[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1, (size_t)1 << 48,
                                (size_t)1 << 47};
        for (size_t e = 0; e < sizeof edges / sizeof *edges; e++) {
            for (size_t step = 1; step <= 70 * kib; step += step < 40 ? 1 : step / 2) {
                check_too_large(edges[e] - step, live);
                if (edges[e] != SIZE_MAX) {
                    check_too_large(edges[e] + step, live);
                }
            }
            check_too_large(edges[e], live);
        }
        check_too_large(limit_bytes, live);
        check_too_large(limit_bytes + 1, live);
        CHECK(pattern_holds(live, live_size, live_size, i));
        snug_free(live);
    }
    CHECK_HEAP();
}

/* No block has a mapping then, and no size is so large that it is looked at as such. */
static void they_are_refused_under_any_threshold(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, -1), ==, 1);
    sizes_that_nobody_has_are_refused();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(every_small_size),
        CHILD_TEST(sizes_around_powers_of_two),
        CHILD_TEST(blocks_of_no_bytes_are_blocks_of_their_own),
        CHILD_TEST(blocks_of_no_bytes_have_room_again),
        CHILD_TEST(free_takes_null_and_sized_forms),
        CHILD_TEST(calloc_clears_what_was_used_before),
        CHILD_TEST(calloc_clears_among_other_blocks),
        CHILD_TEST(calloc_leaves_fresh_pages_alone),
        CHILD_TEST(products_that_overflow_are_refused),
        CHILD_TEST(sizes_that_nobody_has_are_refused),
        CHILD_TEST(they_are_refused_under_any_threshold),
    };
    return cmocka_run_group_tests_name("malloc", tests, NULL, NULL);
}
