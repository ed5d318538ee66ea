/* What the person at the terminal sees: walk, stats, dump, leaks and describe. */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>

#include "base/lock.h"
#include "child.h"
#include "small/run.h"

enum {
    BLOCKS = 300
};

static char *blocks[BLOCKS];

static size_t size_of(size_t i)
{
    static const size_t sizes[] = {1, 48, 100, 512, 700, 5000, 200000};
    return sizes[i % (sizeof sizes / sizeof *sizes)];
}

static void allocate_blocks(void)
{
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1); /* so that some are large */
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(size_of(i));
        CHECK(blocks[i] != NULL);
        memset(blocks[i], (int)i, size_of(i));
    }
}

struct seen {
    size_t in_use[BLOCKS]; /* times that a block was seen in this state */
    size_t others[BLOCKS];
    size_t blocks[SNUG_FREE + 1];
    size_t bytes[SNUG_FREE + 1];
};

static void see(const struct snug_block *block, void *context)
{
    struct seen *const seen = context;
    seen->blocks[block->state]++;
    seen->bytes[block->state] += block->bytes;
    CHECK((block->run != NULL) == (block->kind == SNUG_OBJECT));
    for (size_t i = 0; i < BLOCKS; i++) {
        if (block->address == blocks[i]) {
            *(block->state == SNUG_IN_USE ? &seen->in_use[i] : &seen->others[i]) += 1;
            CHECK_NUMBERS(block->bytes, >=, size_of(i));
        }
    }
}

static void check_walk(void)
{
    static struct seen before, after;
    allocate_blocks();
    CHECK(snug_walk(see, &before));
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK_NUMBERS(before.in_use[i], ==, 1);
        CHECK_NUMBERS(before.others[i], ==, 0);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        snug_free(blocks[i]);
    }
    CHECK(snug_walk(see, &after));
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK_NUMBERS(after.in_use[i], ==, i % 2);
    }
    CHECK_NUMBERS(before.blocks[SNUG_IN_USE] - after.blocks[SNUG_IN_USE], ==,
                  BLOCKS / 2);
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.live_blocks, ==, after.blocks[SNUG_IN_USE]);
    CHECK_NUMBERS(stats.live_bytes, ==, after.bytes[SNUG_IN_USE]);
    CHECK_NUMBERS(stats.kept_blocks, ==, after.blocks[SNUG_KEPT]);
    CHECK_NUMBERS(stats.kept_bytes, ==, after.bytes[SNUG_KEPT]);
    CHECK_NUMBERS(stats.regions, >=, 1);
    CHECK_NUMBERS(stats.region_bytes, >=, stats.touched_bytes);
    CHECK_NUMBERS(stats.system_calls.brk + stats.system_calls.mmap, >=, 1);
}

static void walk_sees_each_block_once(void)
{
    check_walk();
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.runs, >=, 1);
    CHECK_NUMBERS(stats.kept_blocks, >=, 1);
    CHECK_NUMBERS(stats.large_bytes, >=, stats.large_blocks * 200000);
}

/* The heap as its blocks, headers included. */
struct extent {
    const char *first;
    const char *end; /* of the last seen: where the next header stands */
    const void *run; /* that the last seen is in; NULL: in none */
};

/* A run takes whole granules, from its header's end on. */
static const char *end_of_run(const char *objects_end)
{
    const uintptr_t granule = 1024;
    const uintptr_t header = sizeof(size_t);
    const uintptr_t rest = ((uintptr_t)objects_end + header) % granule;
    return objects_end + (granule - rest) % granule;
}

/* Each block begins where the last one ended. */
static void follow(const struct snug_block *block, void *context)
{
    enum {
        RUN_BYTES = 32 /* what stands before its objects */
    };
    struct extent *const extent = context;
    const char *expected = extent->end;
    if (block->kind == SNUG_LARGE) {
        return;
    }
    if (extent->run != NULL && block->run != extent->run) {
        expected = end_of_run(expected);
    }
    const char *start = block->address;
    if (block->run == NULL) {
        start -= sizeof(size_t);
    } else if (block->run != extent->run) {
        start -= sizeof(size_t) + RUN_BYTES;
    }
    if (extent->first == NULL) {
        extent->first = start;
    } else {
        CHECK_NUMBERS((uintptr_t)start, ==, (uintptr_t)expected);
    }
    extent->end = (const char *)block->address + block->bytes;
    extent->run = block->run;
}

/* The heap in bytes, against the walk and the program's break: the header of its one
 * region, its blocks, its top and the fence are all there is. */
static void stats_account_for_the_heap(void)
{
    enum {
        REGION_BYTES = 24, /* what stands before its first block */
        TAG_BYTES = 8
    };
    allocate_blocks();
    struct extent extent = {NULL, NULL, NULL};
    CHECK(snug_walk(follow, &extent));
    CHECK(extent.run == NULL); /* a block of 5000 bytes was the last of the heap */
    const size_t blocks_bytes = (size_t)(extent.end - extent.first);
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.regions, ==, 1);
    CHECK_NUMBERS(stats.region_bytes, ==,
                  REGION_BYTES + blocks_bytes + stats.top_bytes + TAG_BYTES);
    CHECK_NUMBERS(stats.touched_bytes, ==, blocks_bytes + TAG_BYTES);
    if (!is_emulated()) {
        CHECK_NUMBERS(stats.top_bytes + TAG_BYTES, ==,
                      (uintptr_t)sbrk(0) - (uintptr_t)extent.end);
    }
    size_t large_blocks = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        large_blocks += size_of(i) == 200000;
    }
    CHECK_NUMBERS(stats.large_blocks, ==, large_blocks);
    CHECK_NUMBERS(stats.large_bytes, ==, large_blocks * 49 * 4096);
}

/* A run that was full serves again when some of its objects are freed. */
static void full_runs_serve_again(void)
{
    enum {
        OBJECTS = 5000
    };
    static void *objects[OBJECTS];
    struct snug_stats full, again;
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(64);
    }
    CHECK(snug_stats(&full));
    CHECK_NUMBERS(full.runs, >, 10);
    for (size_t i = 0; i < OBJECTS; i += 2) {
        snug_free(objects[i]);
    }
    snug_malloc_trim(0); /* from the cache to their runs */
    for (size_t i = 0; i < OBJECTS; i += 2) {
        objects[i] = snug_malloc(64);
    }
    CHECK(snug_stats(&again));
    CHECK_NUMBERS(again.runs, ==, full.runs);
    CHECK_NUMBERS(again.top_bytes, ==, full.top_bytes); /* nor from the heap */
    CHECK_NUMBERS(again.live_blocks, ==, full.live_blocks);
}

/* Of what a debugger shows of a damaged process the damage is a part. */
static void a_walk_ends_where_a_run_is_damaged(void)
{
    const char *object = NULL;
    for (size_t i = 0; i < 100; i++) {
        object = snug_malloc(64);
    }
    struct run *const run = run_of(map_lookup(object), object);
    struct snug_stats whole, damaged;
    CHECK(run->size_class == 4 && snug_stats(&whole));
    run->size_class = 0;
    CHECK(snug_stats(&damaged));
    CHECK_NUMBERS(damaged.live_blocks, ==, whole.live_blocks);
    CHECK_NUMBERS(damaged.live_bytes, ==, whole.live_bytes);
}

/* An object that is free is kept in a cache, or free in its run. */
static void objects_go_from_caches_to_their_runs(void)
{
    enum {
        OBJECTS = 5000
    };
    static void *objects[OBJECTS];
    struct snug_stats full, cached, trimmed;
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(64);
    }
    CHECK(snug_stats(&full));
    for (size_t i = 0; i < OBJECTS; i += 2) {
        snug_free(objects[i]);
    }
    CHECK(snug_stats(&cached));
    CHECK_NUMBERS(cached.kept_blocks, >=, 1);
    CHECK_NUMBERS(cached.kept_blocks, <, OBJECTS / 4);
    CHECK_NUMBERS(cached.kept_blocks + cached.free_blocks, ==,
                  full.kept_blocks + full.free_blocks + OBJECTS / 2);
    snug_malloc_trim(0);
    CHECK(snug_stats(&trimmed));
    CHECK_NUMBERS(trimmed.kept_blocks, ==, 0);
    CHECK_NUMBERS(trimmed.free_blocks, >=, OBJECTS / 2);
}

static void the_quarantine_has_a_limit(void)
{
    CHECK(snug_debug("check,leaks=0,quarantine=100000"));
    for (size_t i = 0; i < 1000; i++) {
        snug_free(snug_malloc(10000));
    }
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.kept_bytes, <=, 100000);
    CHECK_NUMBERS(stats.kept_bytes, >=, 70000); /* and a red zone around each */
}

static void walk_at_level_check_tells_what_was_asked_for(void)
{
    CHECK(snug_debug("check,leaks=0"));
    check_walk();
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    size_t asked = 0;
    for (size_t i = 1; i < BLOCKS; i += 2) {
        asked += size_of(i);
    }
    CHECK_NUMBERS(stats.live_bytes, ==, asked);
    CHECK_NUMBERS(stats.kept_blocks, ==, BLOCKS / 2);
}

static void *do_nothing(void *unused)
{
    return unused;
}

static void begin_a_second_thread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void count(const struct snug_block *block, void *context)
{
    (void)block;
    ++*(size_t *)context;
}

static void nothing_waits_for_a_lock_that_is_held(void)
{
    size_t seen = 0;
    struct snug_stats stats;
    begin_a_second_thread();
    blocks[0] = snug_malloc(48);
    CHECK(lock_acquire(&heap_lock));
    CHECK(!snug_walk(count, &seen));
    CHECK(!snug_stats(&stats));
    snug_dump(1);
    CHECK_NUMBERS(snug_leaks(), ==, 0);
    CHECK_NUMBERS(seen, ==, 0);
    lock_release(&heap_lock, true);
    CHECK(snug_walk(count, &seen));
    CHECK_NUMBERS(seen, >=, 1);
}

/* Runs a body, which must end well, and looks for what it prints, in order. */
static void expect_lines(void (*body)(void), const char *const *lines)
{
    const struct child_result result = child_run(body);
    const char *from = result.errors;
    assert_int_equal(result.status, 0);
    for (; *lines != NULL; lines++) {
        const char *const found = strstr(from, *lines);
        if (found == NULL) {
            fail_msg("no \"%s\" in the rest of\n%s", *lines, result.errors);
        }
        from = found + strlen(*lines);
    }
}

static void says_that_the_lock_is_held(void **state)
{
    (void)state;
    expect_lines(nothing_waits_for_a_lock_that_is_held,
                 (const char *[]){"snug: a thread is inside the allocator and has its "
                                  "lock; let it go on a little and try again\n",
                                  NULL});
}

static void dump_a_few(void)
{
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1);
    for (size_t i = 0; i < 60; i++) {
        blocks[i] = snug_malloc(48);
    }
    char *const large = snug_malloc(1000000);
    char *const freed = snug_malloc(3000);
    char *const block = snug_malloc(5000);
    CHECK(large != NULL && block != NULL && freed != NULL);
    snug_free(freed);
    snug_malloc_trim(0); /* it is not kept */
    for (size_t i = 40; i < 50; i++) {
        snug_free(blocks[i]);
    }
    snug_dump(1);
    snug_dump(0);
}

static void dump_has_a_line_each_run_and_block(void **state)
{
    (void)state;
    expect_lines(
        dump_a_few,
        (const char *[]){" run of objects of 48 bytes: ", " kept in caches, ",
                         " free\n", " bytes, free\n", " block of 5000 bytes, in use\n",
                         " large block of 1003520 bytes, in use\n", "snug: in use  ",
                         "snug: kept    ", "snug: free    ", "snug: heap    ",
                         " in 1 region, ", "snug: in use  ", NULL});
}

static void report_sizes(void)
{
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = snug_malloc(48);
    }
    blocks[100] = snug_malloc(10000);
    blocks[101] = snug_malloc(2000);
    CHECK_NUMBERS(snug_leaks(), ==, 102);
}

static void leaks_at_level_0_are_by_size(void **state)
{
    (void)state;
    expect_lines(report_sizes,
                 (const char *[]){"since SNUG_DEBUG is off: 102 blocks\n",
                                  "  10008 bytes in 1 block of 8192 to 16383 bytes\n",
                                  " of up to 48 bytes\n",
                                  "  2008 bytes in 1 block of 1024 to 2047 bytes\n",
                                  NULL});
}

static __attribute__((noinline)) void lose_some(void)
{
    for (volatile size_t i = 0; i < 3; i++) { /* one call, not three in a row */
        void *volatile lost = snug_malloc(1000);
        lost = NULL;
        (void)lost;
    }
}

static void lose_at_level_check(void)
{
    CHECK(snug_debug("check,leaks=0"));
    lose_some();
    blocks[0] = snug_malloc(77);
    snug_free(snug_malloc(10)); /* what is left in registers and on the stack */
    CHECK_NUMBERS(snug_leaks(), >=, 2);
}

static void leaks_at_level_check_are_by_stack(void **state)
{
    (void)state;
    if (is_emulated()) {
        skip();
    }
    expect_lines(lose_at_level_check, (const char *[]){"snug: leaks: ", "000 bytes in ",
                                                       " blocks lost", NULL});
}

/* What was freed at the address of a lost block does not lead there. */
static void lose_where_another_was_freed(void)
{
    CHECK(snug_debug("check,leaks=0,quarantine=0"));
    snug_free(snug_malloc(1000));
    lose_some();
    for (size_t i = 0; i < 10; i++) {
        blocks[i] = snug_malloc(10);
    }
    CHECK_NUMBERS(snug_leaks(), ==, 3);
}

static void leaks_are_found_where_others_were_freed(void **state)
{
    (void)state;
    if (is_emulated()) {
        skip();
    }
    expect_lines(lose_where_another_was_freed,
                 (const char *[]){"snug: leaks: 3000 bytes in 3 blocks\n", NULL});
}

static void describe_at_level_0(void)
{
    allocate_blocks();
    snug_describe(blocks[5] + 4999); /* of 5000 bytes */
    snug_describe(blocks[1]);        /* of 48 */
    snug_describe(&blocks);
    snug_describe(snug_malloc(0));
}

static void describe_finds_the_block(void **state)
{
    (void)state;
    expect_lines(describe_at_level_0,
                 (const char *[]){" points 4999 bytes into this:\n", " bytes, in use\n",
                                  " is this:\n", " points into no block of snug's\n",
                                  " zero-size block of 0 bytes, in use\n", NULL});
}

static void describe_at_level_check(void)
{
    CHECK(snug_debug("check,leaks=0"));
    blocks[0] = snug_malloc(77);
    snug_describe(blocks[0] + 80);
    snug_free(blocks[0]);
    snug_describe(blocks[0] + 7);
    snug_describe(&blocks);
}

static void describe_tells_a_story_at_level_check(void **state)
{
    (void)state;
    expect_lines(describe_at_level_check,
                 (const char *[]){
                     "snug: this is 3 bytes behind the end of the block of 77 bytes",
                     "snug: this is 7 bytes into the freed block of 77 bytes",
                     "snug: no block of snug's is at 0x", NULL});
}

static void debug_level_is_settled_by_the_first_allocation(void)
{
    blocks[0] = snug_malloc(1);
    CHECK(!snug_debug("check"));
    char *const block = snug_malloc(41);
    CHECK_NUMBERS(snug_malloc_usable_size(block), >, 41); /* 41 at level check */
    snug_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(walk_sees_each_block_once),
        CHILD_TEST(stats_account_for_the_heap),
        CHILD_TEST(full_runs_serve_again),
        CHILD_TEST(a_walk_ends_where_a_run_is_damaged),
        CHILD_TEST(objects_go_from_caches_to_their_runs),
        CHILD_TEST(the_quarantine_has_a_limit),
        CHILD_TEST(walk_at_level_check_tells_what_was_asked_for),
        CHILD_TEST(debug_level_is_settled_by_the_first_allocation),
        cmocka_unit_test(says_that_the_lock_is_held),
        cmocka_unit_test(dump_has_a_line_each_run_and_block),
        cmocka_unit_test(leaks_at_level_0_are_by_size),
        cmocka_unit_test(leaks_at_level_check_are_by_stack),
        cmocka_unit_test(leaks_are_found_where_others_were_freed),
        cmocka_unit_test(describe_finds_the_block),
        cmocka_unit_test(describe_tells_a_story_at_level_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
