/* What the person at the terminal reads: dump, leaks and describe. */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "child.h"

static char *blocks[120];

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

/* No file can be opened, so that whoever wants to look at memory cannot. */
static void look_for_leaks_without_blocks(void)
{
    CHECK(snug_debug("check,leaks=0"));
    snug_free(snug_malloc(10));
    const struct rlimit none = {0, 0};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK_NUMBERS(snug_leaks(), ==, 0);
}

static void without_blocks_no_memory_is_searched(void **state)
{
    (void)state;
    expect_lines(look_for_leaks_without_blocks,
                 (const char *[]){"snug: leaks: 0 bytes in 0 blocks\n", NULL});
}

/* Blocks that the program may not read itself, and one that is nearly all unwritten. */
static void lose_beside_closed_blocks(void)
{
    const size_t bytes = 1 << 20;
    CHECK(snug_debug("check,leaks=0"));
    lose_some();
    for (size_t i = 0; i < 3; i++) {
        blocks[i] = snug_aligned_alloc(4096, bytes);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 0, bytes);
    }
    *(void **)(void *)(blocks[0] + bytes / 2) = snug_malloc(10);
    CHECK(mprotect(blocks[1], bytes, PROT_NONE) == 0);
    CHECK(madvise(blocks[2], bytes, MADV_DONTFORK) == 0);
    CHECK_NUMBERS(snug_leaks(), ==, 3);
    const pid_t child = fork();
    if (child == 0) {
        _exit(snug_leaks() == 3 ? 0 : 1);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_NUMBERS(status, ==, 0);
}

static void leaks_are_sought_where_the_program_may_read(void **state)
{
    (void)state;
    if (is_emulated()) {
        skip();
    }
    expect_lines(lose_beside_closed_blocks,
                 (const char *[]){"snug: leaks: 3000 bytes in 3 blocks\n",
                                  "snug: leaks: 3000 bytes in 3 blocks\n", NULL});
}

static void describe_at_level_0(void)
{
    blocks[0] = snug_malloc(5000);
    blocks[1] = snug_malloc(48);
    snug_describe(blocks[0] + 4999);
    snug_describe(blocks[1]);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_that_the_lock_is_held),
        cmocka_unit_test(dump_has_a_line_each_run_and_block),
        cmocka_unit_test(leaks_at_level_0_are_by_size),
        cmocka_unit_test(leaks_at_level_check_are_by_stack),
        cmocka_unit_test(leaks_are_found_where_others_were_freed),
        cmocka_unit_test(leaks_are_sought_where_the_program_may_read),
        cmocka_unit_test(without_blocks_no_memory_is_searched),
        cmocka_unit_test(describe_finds_the_block),
        cmocka_unit_test(describe_tells_a_story_at_level_check),
    };
    return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
