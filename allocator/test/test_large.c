/* Blocks with a mapping of their own: from which size on, and how many. */
#include "snug.h"

#include <malloc.h>

#include "child.h"

static const size_t mib = (size_t)1024 * 1024;

static void without_mappings_large_blocks_come_from_the_heap(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_MAX, 0), ==, 1);
    char *block = snug_malloc(64 * mib);
    snug_free(snug_aligned_alloc(4096, 64 * mib));
    for (size_t bytes = 65 * mib; bytes <= 300 * mib; bytes *= 2) {
        void *const in_the_way = snug_malloc(1000); /* so that the block must move */
        block = snug_realloc(block, bytes);
        CHECK(block != NULL && in_the_way != NULL);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    }
    snug_free(block);
    CHECK_NUMBERS(snug_mallopt(M_MMAP_MAX, 65536), ==, 1);
    block = snug_malloc(64 * mib);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
    snug_free(block);
    CHECK_HEAP();
}

static void the_mmap_threshold_is_obeyed_once_set(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, 300000), ==, 1);
    for (int round = 0; round < 3; round++) {
        void *const below = snug_malloc(299000);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
        void *const above = snug_malloc(300000);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
        void *const far_above = snug_malloc(30 * mib);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 2);
        snug_free(below);
        snug_free(above);
        snug_free(far_above); /* does not raise a threshold that was set */
    }
    CHECK_HEAP();
}

/* More than the table of mappings may hold: the heap serves the rest. */
static void mappings_without_number_come_and_go(void)
{
    enum {
        COUNT = 60000
    };
    static void *blocks[COUNT];
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, 4096), ==, 1);
    for (size_t step = 1; step <= 3; step++) {
        for (size_t i = 0; i < COUNT; i += step) {
            blocks[i] = snug_malloc(4096);
            CHECK(blocks[i] != NULL && snug_malloc_usable_size(blocks[i]) >= 4096);
        }
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 4096);
        CHECK_HEAP();
        for (size_t i = 0; i < COUNT; i += step + 1) {
            snug_free(blocks[i]);
            blocks[i] = NULL;
        }
        CHECK_HEAP();
        for (size_t i = 0; i < COUNT; i++) {
            CHECK(blocks[i] == NULL || snug_malloc_usable_size(blocks[i]) >= 4096);
            snug_free(blocks[i]);
            blocks[i] = NULL;
        }
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(without_mappings_large_blocks_come_from_the_heap),
        CHILD_TEST(the_mmap_threshold_is_obeyed_once_set),
        CHILD_TEST(mappings_without_number_come_and_go),
    };
    return cmocka_run_group_tests_name("large", tests, NULL, NULL);
}
