/* Every block, told to a callback or counted: walk and stats. */
#include "snug.h"

#include <malloc.h>

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

/* A run takes whole granules; its bookkeeping, and a tag, are the end of the last. */
static const char *end_of_run(const char *objects_end)
{
    const uintptr_t granule = 1024;
    const uintptr_t tag = sizeof(size_t);
    const uintptr_t run = 32;
    const uintptr_t rest = ((uintptr_t)objects_end + run + tag) % granule;
    return run + objects_end + (granule - rest) % granule;
}

/* Each block begins where the last one ended. */
static void follow(const struct snug_block *block, void *context)
{
    struct extent *const extent = context;
    const char *expected = extent->end;
    if (block->kind == SNUG_LARGE) {
        return;
    }
    if (extent->run != NULL && block->run != extent->run) {
        expected = end_of_run(expected);
    }
    const char *start = block->address;
    if (block->run == NULL || block->run != extent->run) {
        start -= sizeof(size_t);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
