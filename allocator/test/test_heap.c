/* What the heap does with memory, seen from outside: coalescing, best fit, reservation,
 * giving back, and its neighbours in the address space. */
#include "snug.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>

#include "cache/pressure.h"
#include "child.h"
#include "pattern.h"
#include "random.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

/* Everything from the heap from now on, nothing by mmap. */
static void keep_all_in_the_heap(void)
{
    CHECK_NUMBERS(snug_mallopt(M_MMAP_THRESHOLD, 1 << 30), ==, 1);
}

/* Leave less than `bytes` above the last block: what is allocated now comes from free
 * blocks, or makes the arena grow. */
static void use_up_the_top(size_t bytes)
{
    while (snug_mallinfo2().keepcost >= bytes) {
        CHECK(snug_malloc(bytes / 2) != NULL);
    }
}

enum order {
    FORWARD,
    BACKWARD,
    EVEN_THEN_ODD,
    SHUFFLED,
    ORDERS
};

static void make_order(enum order order, size_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t half = (count + 1) / 2;
        const size_t paired = i < half ? 2 * i : 2 * (i - half) + 1;
        numbers[i] = order == BACKWARD        ? count - 1 - i
                     : order == EVEN_THEN_ODD ? paired
                                              : i;
    }
    struct random random = {4};
    if (order == SHUFFLED) {
        random_shuffle(&random, numbers, count);
    }
}

/* Allocate many, free them in some order: what they had is one free block again. */
static void check_coalescing(size_t size, size_t count, enum order order)
{
    size_t *const numbers = calloc(count, sizeof *numbers);
    void **const blocks = calloc(count, sizeof *blocks);
    CHECK(numbers != NULL && blocks != NULL);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = snug_malloc(size);
        CHECK(blocks[i] != NULL);
    }
    /* An exact fit for medium sizes; small ones may live in runs with an edge. */
    const size_t total = size < 1000 ? size * count / 2 : size * count;
    use_up_the_top(total);
    const size_t arena = snug_mallinfo2().arena;
    make_order(order, numbers, count);
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[numbers[i]]);
    }
    CHECK_HEAP();
    char *const whole = snug_malloc(total);
    CHECK(whole != NULL);
    CHECK_NUMBERS(snug_mallinfo2().arena, ==, arena);
    pattern_fill(whole, total, 1);
    CHECK_HEAP();
    snug_free(whole);
    free(numbers);
    free(blocks);
}

static void free_neighbours_become_one_block(void)
{
    keep_all_in_the_heap();
    const size_t sizes[] = {24, 64, 500, 2000, 20000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (enum order order = 0; order < ORDERS; order++) {
            check_coalescing(sizes[i], 3 * mib / sizes[i], order);
        }
    }
}

struct place {
    char *address;
    size_t usable;
};

/* Free blocks of many sizes, kept apart by blocks in use. */
static void make_free_blocks(struct place *free_blocks, size_t count,
                             struct random *random)
{
    for (size_t i = 0; i < count; i++) {
        const size_t size = 1000 + random_below(random, i % 2 == 0 ? 3000 : 90000);
        free_blocks[i].address = snug_malloc(size);
        CHECK(free_blocks[i].address != NULL);
        free_blocks[i].usable = snug_malloc_usable_size(free_blocks[i].address);
        CHECK(snug_malloc(1000) != NULL);
    }
    for (size_t i = 0; i < count; i++) {
        snug_free(free_blocks[i].address);
    }
}

static size_t smallest_that_holds(const struct place *free_blocks, size_t count,
                                  size_t size)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (free_blocks[i].usable >= size &&
            (best == 0 || free_blocks[i].usable < best)) {
            best = free_blocks[i].usable;
        }
    }
    return best;
}

static void the_smallest_sufficient_free_block_is_chosen(void)
{
    enum {
        FREE_BLOCKS = 300,
        REQUESTS = 2000
    };
    static struct place free_blocks[FREE_BLOCKS];
    struct random random = {5};
    keep_all_in_the_heap();
    make_free_blocks(free_blocks, FREE_BLOCKS, &random);
    for (size_t i = 0; i < REQUESTS; i++) {
        snug_malloc_trim(0); /* the quick lists are empty */
        const size_t size = 1000 + random_below(&random, 85000);
        const size_t best = smallest_that_holds(free_blocks, FREE_BLOCKS, size);
        CHECK(best != 0);
        char *const block = snug_malloc(size);
        const struct place *free_block = free_blocks;
        while (free_block < free_blocks + FREE_BLOCKS && free_block->address != block) {
            free_block++;
        }
        CHECK(free_block < free_blocks + FREE_BLOCKS);
        CHECK_NUMBERS(free_block->usable, ==, best);
        snug_free(block); /* the free block is whole again */
    }
    CHECK_HEAP();
}

/* The rest of a free block is a free block: all of it gets used before the heap
 * grows. */
static void what_is_cut_off_is_used(void)
{
    keep_all_in_the_heap();
    char *const free_block = snug_malloc(64 * kib);
    CHECK(free_block != NULL && snug_malloc(1000) != NULL);
    snug_free(free_block);
    const size_t top = snug_mallinfo2().keepcost;
    for (size_t taken = 0; taken + 3100 <= 64 * kib; taken += 3100) {
        char *const part = snug_malloc(3000);
        CHECK(part >= free_block && part + 3000 <= free_block + 64 * kib);
    }
    CHECK_NUMBERS(snug_mallinfo2().keepcost, ==, top);
}

/* Where a payload may be is found out by one comparison. */
static void a_region_spans_multiples_of_16_alone(void)
{
    char *const first = snug_malloc(1000);
    CHECK(first != NULL && heap_newest_spans(first));
    const struct heap_region *const region = heap.regions;
    char *const start = (char *)heap_region_first(region) + BLOCK_HEADER_BYTES;
    char *const end = heap_region_end(region) + BLOCK_HEADER_BYTES;
    CHECK(heap_region_spans(region, start));
    CHECK(heap_region_spans(region, end - ALIGNMENT_BYTES));
    CHECK(!heap_region_spans(region, start - ALIGNMENT_BYTES));
    CHECK(!heap_region_spans(region, end) && !heap_region_spans(region, NULL));
    for (size_t i = 1; i < ALIGNMENT_BYTES; i++) {
        CHECK(!heap_region_spans(region, first + i));
    }
}

/* The checker looks at blocks in quick lists, too. */
static void a_write_into_a_cached_block_is_seen(void)
{
    snug_free(snug_malloc(100)); /* from now on the thread keeps what it frees */
    char *const first = snug_malloc(3000);
    char *const second = snug_malloc(3000);
    CHECK(first != NULL && second != NULL && snug_malloc(3000) != NULL);
    snug_free(second);
    snug_free(first);
    CHECK_HEAP();
    first[0] ^= 1; /* its link */
    CHECK(snug_check_heap() != NULL);
    first[0] ^= 1;
    CHECK_HEAP();
    second[15] ^= 1; /* its canary */
    CHECK(snug_check_heap() != NULL);
    second[15] ^= 1;
    CHECK_HEAP();
}

/* A block that was freed into the top has been written to, what lies above it never. */
static void what_was_never_written_is_known_to_be_zero(void)
{
    struct block *const small = pressure_allocate(32);
    CHECK(small != NULL);
    CHECK_NUMBERS(heap_nonzero_prefix(small), ==, 0);
    heap_free(small);
    struct block *const large = pressure_allocate(4096);
    CHECK(large == small);
    CHECK_NUMBERS(heap_nonzero_prefix(large), ==, 32);
}

/* When somebody else moves the break, the heap goes on elsewhere, and what was left of
 * the region is a free block. */
static void the_rest_of_a_closed_region_is_used(void)
{
    skip_if_emulated(); /* its break is elsewhere */
    keep_all_in_the_heap();
    char *const first = snug_malloc(100 * kib);
    char *const others = sbrk(4096);
    CHECK(first != NULL && others > first);
    const size_t rest = snug_mallinfo2().keepcost;
    CHECK(snug_malloc(rest) != NULL);
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.regions, ==, 2);
    char *const in_rest = snug_malloc(rest - kib);
    CHECK(in_rest > first && in_rest + rest - kib <= others);
    CHECK_HEAP();
}

static uint64_t growth_calls(void)
{
    const struct snug_system_calls calls = snug_system_calls();
    return calls.brk + calls.mmap;
}

static void growing_takes_few_system_calls(void)
{
    struct random random = {6};
    size_t bytes = 0;
    for (size_t i = 0; i < 100000; i++) {
        const size_t size = random_size(&random, 12);
        bytes += size;
        CHECK(snug_malloc(size) != NULL);
    }
    CHECK_NUMBERS(bytes, >, 16 * mib);
    CHECK_NUMBERS(growth_calls(), <=, 8);
    CHECK_NUMBERS(snug_system_calls().munmap, <=, 4);
}

/* Ten times the first reservation: still a handful of calls, as each doubles. */
static void growing_large_takes_few_system_calls(void)
{
    skip_if_emulated();
    for (size_t i = 0; i < 640 * mib / 60000; i++) {
        CHECK(snug_malloc(60000) != NULL);
    }
    CHECK_NUMBERS(growth_calls(), <=, 8);
    CHECK_HEAP();
}

/* Blocks of a region that others have closed wait in lists like any: they are in use as
 * far as the heap knows, so that a neighbour cannot grow into them. */
static void blocks_of_older_regions_are_cached(void)
{
    snug_free(snug_malloc(5000));
    char *const before = snug_malloc(5000);
    char *const block = snug_malloc(5000);
    char *const behind = snug_malloc(5000);
    CHECK(before != NULL && block > before && behind > block);
    CHECK(sbrk(4096) != (void *)-1);
    CHECK(snug_malloc(40 * mib) != NULL && snug_malloc(40 * mib) != NULL);
    snug_free(block);
    CHECK(snug_realloc(before, 8000) != before);
    CHECK_HEAP();
}

/* As glibc 2.36 does, but for numbers that malloc.h does not name. */
static void mallopt_knows_its_parameters(void)
{
    static const int parameters[] = {M_MXFAST,         M_NLBLKS,    M_GRAIN,
                                     M_KEEP,           M_TOP_PAD,   M_TRIM_THRESHOLD,
                                     M_MMAP_THRESHOLD, M_PERTURB,   M_CHECK_ACTION,
                                     M_MMAP_MAX,       M_ARENA_MAX, M_ARENA_TEST};
    static const int values[] = {-1, 0, 1, 64, 160, 161, 64 * 1024, INT_MAX};
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            const bool refused =
                parameters[i] == M_MXFAST && (values[k] < 0 || values[k] > 160);
            CHECK_NUMBERS(snug_mallopt(parameters[i], values[k]), ==, refused ? 0 : 1);
            snug_free(snug_malloc(300000));
        }
    }
    CHECK_NUMBERS(snug_mallopt(12345, 1), ==, 0);
    CHECK_NUMBERS(snug_mallopt(-12345, 1), ==, 0);
    CHECK_HEAP();
}

static void a_large_block_that_comes_and_goes_costs_no_calls(void)
{
    for (int i = 0; i < 1000; i++) {
        void *const block = snug_malloc(2 * mib);
        CHECK(block != NULL);
        snug_free(block);
    }
    const struct snug_system_calls calls = snug_system_calls();
    CHECK_NUMBERS(calls.mmap + calls.munmap + calls.brk, <, 40);
}

/* What the heap cannot have is refused before it is looked at what of it is vacant. */
static void a_request_beyond_the_heap_is_refused_at_once(void)
{
    char *const block = snug_malloc(4 * mib);
    CHECK(block != NULL && snug_malloc(1000) != NULL);
    pattern_fill(block, 4 * mib, 1);
    snug_free(block);
    CHECK(snug_malloc_trim(0) == 1 && pages_vacant_bytes != 0);
    for (int i = 0; i < 2000; i++) { /* a third of a second each, if it were */
        CHECK(snug_malloc(REQUEST_LIMIT_BYTES / 2) == NULL);
    }
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(free_neighbours_become_one_block),
        CHILD_TEST(the_smallest_sufficient_free_block_is_chosen),
        CHILD_TEST(what_is_cut_off_is_used),
        CHILD_TEST(a_region_spans_multiples_of_16_alone),
        CHILD_TEST(a_write_into_a_cached_block_is_seen),
        CHILD_TEST(what_was_never_written_is_known_to_be_zero),
        CHILD_TEST(the_rest_of_a_closed_region_is_used),
        CHILD_TEST(growing_takes_few_system_calls),
        CHILD_TEST(growing_large_takes_few_system_calls),
        CHILD_TEST(blocks_of_older_regions_are_cached),
        CHILD_TEST(mallopt_knows_its_parameters),
        CHILD_TEST(a_large_block_that_comes_and_goes_costs_no_calls),
        CHILD_TEST(a_request_beyond_the_heap_is_refused_at_once),
    };
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
