/* The aligned calls: aligned_alloc, posix_memalign, memalign, valloc, pvalloc. */
#include "snug.h"

#include <errno.h>

#include "base/os.h"
#include "child.h"
#include "contract.h"
#include "pattern.h"
#include "random.h"

enum {
    LARGEST_BITS = 24
};

static const size_t page_bytes = 4096;

typedef void *allocate_function(size_t alignment, size_t size);

static void *by_posix_memalign(size_t alignment, size_t size)
{
    void *block = NULL;
    if (alignment < sizeof(void *)) {
        return snug_malloc(size);
    }
    CHECK_NUMBERS(snug_posix_memalign(&block, alignment, size), ==, 0);
    return block;
}

static void *by_valloc(size_t alignment, size_t size)
{
    return alignment <= page_bytes ? snug_valloc(size)
                                   : snug_aligned_alloc(alignment, size);
}

static void *by_pvalloc(size_t alignment, size_t size)
{
    return alignment <= page_bytes ? snug_pvalloc(size)
                                   : snug_aligned_alloc(alignment, size);
}

static void check_all_alignments(allocate_function *allocate)
{
    static const size_t sizes[] = {0,     1,      8,      9,      16,     24,
                                   100,   512,    1000,   4095,   4096,   5000,
                                   30000, 131071, 131072, 200000, 1048576};
    enum {
        SIZES = sizeof sizes / sizeof *sizes,
        BLOCKS = SIZES * (LARGEST_BITS + 1)
    };
    static void *blocks[BLOCKS];
    size_t order[BLOCKS];
    struct random random = {3};
    for (size_t i = 0; i < BLOCKS; i++) {
        order[i] = i;
    }
    random_shuffle(&random, order, BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t alignment = (size_t)1 << order[i] / SIZES;
        const size_t size = sizes[order[i] % SIZES];
        errno = ERRNO_BEFORE;
        void *const block = blocks[order[i]] = allocate(alignment, size);
        CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
        CHECK(block != NULL);
        CHECK_NUMBERS((uintptr_t)block % alignment, ==, 0);
        CHECK_NUMBERS((uintptr_t)block % (size <= 8 ? 8 : 16), ==, 0);
        CHECK_NUMBERS(snug_malloc_usable_size(block), >=, size);
        pattern_fill(block, size, order[i]);
    }
    CHECK_HEAP();
    random_shuffle(&random, order, BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++) {
        void *const block = blocks[order[i]];
        const size_t size = sizes[order[i] % SIZES];
        CHECK(pattern_holds(block, size, size, order[i]));
        if (i % 5 == 0) { /* as good as any other block */
            char *const moved = snug_realloc(block, size + 1000);
            CHECK(moved != NULL && pattern_holds(moved, size, size, order[i]));
            snug_free(moved);
        } else {
            snug_free(block);
        }
    }
    CHECK_HEAP();
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
}

static void aligned_alloc_meets_every_alignment(void)
{
    check_all_alignments(snug_aligned_alloc);
}

static void posix_memalign_meets_every_alignment(void)
{
    check_all_alignments(by_posix_memalign);
}

static void memalign_meets_every_alignment(void)
{
    check_all_alignments(snug_memalign);
}

static void valloc_meets_every_size(void)
{
    check_all_alignments(by_valloc);
}

static void pvalloc_meets_every_size(void)
{
    check_all_alignments(by_pvalloc);
}

static void bad_alignments_are_refused(void)
{
    static const size_t bad[] = {0,
                                 3,
                                 5,
                                 6,
                                 7,
                                 12,
                                 24,
                                 48,
                                 96,
                                 4095,
                                 4097,
                                 SIZE_MAX,
                                 SIZE_MAX - 1,
                                 ((size_t)1 << 40) + 8,
                                 (size_t)3 << 62};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        CHECK(snug_aligned_alloc(bad[i], 64) == NULL);
        CHECK_NUMBERS(errno, ==, EINVAL);
    }
    char untouched;
    for (size_t i = 0; i < sizeof bad / sizeof *bad + 3; i++) {
        static const size_t too_small[] = {1, 2, 4}; /* powers, but below a pointer */
        const size_t alignment = i < 3 ? too_small[i] : bad[i - 3];
        void *out = &untouched;
        errno = ERRNO_BEFORE;
        CHECK_NUMBERS(snug_posix_memalign(&out, alignment, 64), ==, EINVAL);
        CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
        CHECK(out == &untouched);
    }
    CHECK_HEAP();
}

static void memalign_rounds_bad_alignments_up(void)
{
    static const struct {
        size_t given, used;
    } rows[] = {{0, 16},  {1, 16},    {3, 16},     {17, 32},
                {24, 32}, {100, 128}, {4097, 8192}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *const block = snug_memalign(rows[i].given, 50);
        CHECK(block != NULL);
        CHECK_NUMBERS((uintptr_t)block % rows[i].used, ==, 0);
        snug_free(block);
    }
    errno = 0;
    CHECK(snug_memalign(SIZE_MAX, 1) == NULL);
    CHECK_NUMBERS(errno, ==, EINVAL);
    errno = 0;
    CHECK(snug_memalign(SIZE_MAX / 2 + 2, 1) == NULL);
    CHECK_NUMBERS(errno, ==, EINVAL);
}

static void alignments_that_no_address_has_are_refused(void)
{
    for (unsigned bit = 47; bit < 64; bit++) {
        const size_t sizes[] = {0, 1, 100, (size_t)1 << 46};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            errno = 0;
            CHECK(snug_aligned_alloc((size_t)1 << bit, sizes[i]) == NULL);
            CHECK_NUMBERS(errno, ==, ENOMEM);
            void *out = NULL;
            CHECK_NUMBERS(snug_posix_memalign(&out, (size_t)1 << bit, sizes[i]), ==,
                          ENOMEM);
            CHECK(out == NULL);
            errno = 0;
            CHECK(snug_memalign((size_t)1 << bit, sizes[i]) == NULL);
            CHECK_NUMBERS(errno, ==, ENOMEM);
        }
    }
    CHECK_HEAP();
}

/* Of a size that may be, where the kernel has no memory. */
static void posix_memalign_keeps_errno_without_memory(void)
{
    for (size_t alignment = sizeof(void *); alignment <= 65536; alignment *= 2) {
        void *out = &out;
        os_fail_from(1);
        errno = ERRNO_BEFORE;
        CHECK_NUMBERS(snug_posix_memalign(&out, alignment, (size_t)1 << 40), ==,
                      ENOMEM);
        os_fail_from(0);
        CHECK_NUMBERS(errno, ==, ERRNO_BEFORE);
        CHECK(out == &out);
    }
}

/* What libc's own calls answer to what nobody can meet, and to what anybody can: a
 * block or none, and the reason. */
static void refusals_are_those_of_glibc(void)
{
    static const size_t alignments[] = {0,
                                        1,
                                        3,
                                        8,
                                        24,
                                        4096,
                                        (size_t)1 << 47,
                                        (size_t)1 << 62,
                                        ((size_t)1 << 62) + 1,
                                        SIZE_MAX / 2,
                                        SIZE_MAX / 2 + 1,
                                        SIZE_MAX / 2 + 2,
                                        SIZE_MAX};
    static const size_t sizes[] = {0, 1, 100, PTRDIFF_MAX, SIZE_MAX};
    /* Volatile: a compiler leaves out what it knows to allocate and to free. */
    void *(*volatile libc_memalign)(size_t, size_t) = memalign;
    int (*volatile libc_posix_memalign)(void **, size_t, size_t) = posix_memalign;
    if (SANITIZED) { /* its memalign is not glibc's */
        exit(CHILD_SKIPPED);
    }
    for (size_t i = 0; i < sizeof alignments / sizeof *alignments; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            errno = 0;
            void *const theirs = libc_memalign(alignments[i], sizes[k]);
            const int their_errno = errno;
            errno = 0;
            void *const ours = snug_memalign(alignments[i], sizes[k]);
            CHECK_NUMBERS(errno, ==, their_errno);
            CHECK_NUMBERS(ours == NULL, ==, theirs == NULL);
            free(theirs);
            snug_free(ours);
            void *out = NULL;
            const int theirs_says = libc_posix_memalign(&out, alignments[i], sizes[k]);
            free(out);
            out = NULL;
            const int ours_says = snug_posix_memalign(&out, alignments[i], sizes[k]);
            CHECK_NUMBERS(ours_says, ==, theirs_says);
            snug_free(out);
        }
    }
}

static void pvalloc_gives_whole_pages(void)
{
    for (size_t size = 1; size < 5 * page_bytes; size += 511) {
        const size_t whole = (size + page_bytes - 1) / page_bytes * page_bytes;
        unsigned char *const block = snug_pvalloc(size);
        CHECK(block != NULL);
        CHECK_NUMBERS((uintptr_t)block % page_bytes, ==, 0);
        CHECK_NUMBERS(snug_malloc_usable_size(block), >=, whole);
        memset(block, 1, whole);
    }
    CHECK_HEAP();
}

static size_t address_space_pages(void)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    char text[128] = "";
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
    fclose(file);
    return strtoul(text, NULL, 10);
}

/* A mapping is cut to the alignment: of both ends nothing is left. */
static void aligned_mappings_leave_nothing_behind(void)
{
    if (is_emulated() || SANITIZED) {
        _exit(CHILD_SKIPPED);
    }
    const size_t mib = (size_t)1024 * 1024;
    CHECK(address_space_pages() > 0); /* stdio's own buffer */
    snug_free(snug_aligned_alloc(mib, 80 * mib));
    const size_t before = address_space_pages();
    for (size_t i = 0; i < 50; i++) {
        void *const block = snug_aligned_alloc(mib, 80 * mib);
        CHECK(block != NULL);
        CHECK_NUMBERS(address_space_pages() - before, <, 84 * mib / page_bytes);
        snug_free(block);
    }
    CHECK_NUMBERS(address_space_pages(), ==, before);
}

/* Up to 16 GiB: the heap does not become as large for a few bytes. */
static void huge_alignments_do_not_grow_the_heap(void)
{
    snug_free(snug_malloc(1));
    struct snug_stats before;
    CHECK(snug_stats(&before));
    for (size_t size = 0; size < 3000; size += 1000) {
        for (size_t shift = 26; shift <= 34; shift++) {
            const size_t alignment = (size_t)1 << shift;
            char *block = snug_aligned_alloc(alignment, size);
            CHECK(block != NULL);
            CHECK_NUMBERS((uintptr_t)block % alignment, ==, 0);
            CHECK_NUMBERS(snug_malloc_usable_size(block), >=, size);
            memset(block, 1, size);
            block = snug_realloc(block, size + 1);
            CHECK(block != NULL);
            CHECK(size == 0 || block[size - 1] == 1);
            snug_free(block);
        }
    }
    struct snug_stats after;
    CHECK(snug_stats(&after));
    CHECK_NUMBERS(after.region_bytes, ==, before.region_bytes);
    CHECK_NUMBERS(after.large_blocks, ==, 0);
    CHECK_HEAP();
}

/* Hundreds of small blocks on 64 KiB boundaries: what lies between is for others. */
static void gaps_are_free_for_others(void)
{
    enum {
        BLOCKS = 200
    };
    const size_t alignment = 65536;
    snug_free(snug_malloc(1));
    const struct mallinfo2 before = snug_mallinfo2();
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(snug_aligned_alloc(alignment, 1000) != NULL);
    }
    const struct mallinfo2 after = snug_mallinfo2();
    CHECK_NUMBERS(after.uordblks - before.uordblks, <, (size_t)BLOCKS * 1200);
    const size_t top = after.keepcost;
    for (size_t i = 1; i < BLOCKS; i++) {
        CHECK(snug_malloc(alignment / 2) != NULL);
    }
    CHECK_NUMBERS(snug_mallinfo2().keepcost, ==, top); /* all of them in the gaps */
    CHECK_HEAP();
}

/* Small ones cost no more than their size, rounded up to the alignment. */
static void small_aligned_blocks_are_objects(void)
{
    enum {
        BLOCKS = 4000
    };
    for (size_t alignment = 32; alignment <= 256; alignment *= 2) {
        struct snug_stats before, after;
        snug_free(snug_malloc(1));
        CHECK(snug_stats(&before));
        for (size_t i = 0; i < BLOCKS; i++) {
            char *const block = snug_aligned_alloc(alignment, alignment - i % 16);
            CHECK(block != NULL);
            CHECK_NUMBERS((uintptr_t)block % alignment, ==, 0);
            memset(block, (int)i, alignment - i % 16);
        }
        CHECK(snug_stats(&after));
        CHECK_NUMBERS(after.touched_bytes - before.touched_bytes, <,
                      BLOCKS * alignment / 8 * 9);
    }
    CHECK_HEAP();
}

/* Of 128 KiB at most each: `count` blocks, each one freed before the next comes. */
static size_t places_of(size_t count, size_t alignment, size_t bytes)
{
    uintptr_t last = 0;
    size_t places = 0;
    for (size_t i = 0; i < count; i++) {
        void *const block = snug_aligned_alloc(alignment, bytes);
        CHECK(block != NULL);
        CHECK_NUMBERS((uintptr_t)block % alignment, ==, 0);
        places += (uintptr_t)block != last;
        last = (uintptr_t)block;
        snug_free(block);
    }
    return places;
}

/* A medium block comes back from the list that it was freed into, if it is aligned. */
static void medium_aligned_blocks_come_back(void)
{
    static const size_t sizes[] = {296, 1000, 5000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_NUMBERS(places_of(100, 64, sizes[i]), ==, 1);
        CHECK_NUMBERS(places_of(100, 4096, sizes[i]), <=, 2);
        char *other = snug_malloc(sizes[i]);
        while ((uintptr_t)other % 32 == 0) {
            other = snug_malloc(sizes[i]);
        }
        CHECK(other != NULL);
        snug_free(other); /* the first of its list, and not aligned */
        CHECK_NUMBERS(places_of(100, 64, sizes[i]), <=, 2);
    }
    CHECK_HEAP();
}

/* The size that is given back is the one that was asked for, however it was rounded. */
static void aligned_blocks_are_freed_with_their_size(void)
{
    for (size_t alignment = 16; alignment <= 8192; alignment *= 2) {
        for (size_t size = 1; size <= 600; size++) {
            void *const block = snug_aligned_alloc(alignment, size);
            CHECK(block != NULL);
            snug_free_aligned_sized(block, alignment, size);
            CHECK(snug_malloc(alignment < 512 ? alignment : 16) != NULL);
        }
    }
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(aligned_alloc_meets_every_alignment),
        CHILD_TEST(posix_memalign_meets_every_alignment),
        CHILD_TEST(memalign_meets_every_alignment),
        CHILD_TEST(valloc_meets_every_size),
        CHILD_TEST(pvalloc_meets_every_size),
        CHILD_TEST(bad_alignments_are_refused),
        CHILD_TEST(memalign_rounds_bad_alignments_up),
        CHILD_TEST(posix_memalign_keeps_errno_without_memory),
        CHILD_TEST(refusals_are_those_of_glibc),
        CHILD_TEST(alignments_that_no_address_has_are_refused),
        CHILD_TEST(pvalloc_gives_whole_pages),
        CHILD_TEST(aligned_mappings_leave_nothing_behind),
        CHILD_TEST(huge_alignments_do_not_grow_the_heap),
        CHILD_TEST(gaps_are_free_for_others),
        CHILD_TEST(small_aligned_blocks_are_objects),
        CHILD_TEST(medium_aligned_blocks_come_back),
        CHILD_TEST(aligned_blocks_are_freed_with_their_size),
    };
    return cmocka_run_group_tests_name("aligned", tests, NULL, NULL);
}
