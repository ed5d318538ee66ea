/* What the heap reserves must not cost the user: under limits on address space and
 * data, in a process that locks its memory, and at the debug levels, whose quarantine
 * and tables count as well. */
#include "snug.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "api/entry.h"
#include "child.h"
#include "resident.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

/* A line of /proc/self/status in bytes. */
static size_t status_bytes(const char *name)
{
    FILE *const status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    char line[256];
    size_t bytes = 0;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            bytes = strtoul(line + strlen(name), NULL, 10) * kib;
        }
    }
    fclose(status);
    return bytes;
}

/* Leave room for `more` bytes. */
static void limit(__rlimit_resource_t resource, const char *name, size_t more)
{
    if (SANITIZED || is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    struct rlimit limit;
    CHECK(getrlimit(resource, &limit) == 0);
    limit.rlim_cur = status_bytes(name) + more;
    CHECK(setrlimit(resource, &limit) == 0);
}

/* One block is live at a time; all that were before it are more than the limit. */
static void check_one_block_at_a_time(const char *level, size_t size)
{
    CHECK(snug_debug(level));
    snug_free(snug_malloc(size));
    limit(RLIMIT_AS, "VmSize:", 40 * mib);
    for (size_t bytes = 0; bytes < 200 * mib; bytes += size) {
        char *const block = snug_malloc(size);
        CHECK(block != NULL);
        memset(block, 1, size);
        snug_free(block);
    }
}

static void quarantine_gives_way_at_check(void)
{
    check_one_block_at_a_time("check", 300 * kib);
}

static void quarantine_gives_way_at_guard(void)
{
    check_one_block_at_a_time("guard", 20 * kib);
}

static void no_quarantine_holds_no_addresses(void)
{
    CHECK(snug_debug("check,quarantine=0"));
    snug_free(snug_malloc(300 * kib));
    const size_t before = status_bytes("VmSize:");
    for (size_t i = 0; i < 100; i++) {
        snug_free(snug_malloc(300 * kib));
    }
    CHECK_NUMBERS(status_bytes("VmSize:"), <, before + 4 * mib);
}

/* A write after free is told when a limit lets the block go before its turn. */
static void write_after_free_at_a_limit(void)
{
    CHECK(snug_debug("check,quarantine=100M"));
    char *const block = snug_malloc(1000);
    snug_free(block);
    limit(RLIMIT_AS, "VmSize:", 40 * mib);
    block[500] = 1;
    for (size_t i = 0; i < 200000; i++) {
        snug_free(snug_malloc(1000));
    }
}

static void what_leaves_the_quarantine_early_is_checked(void **state)
{
    (void)state;
    const struct child_result result = child_run(write_after_free_at_a_limit);
    if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == CHILD_SKIPPED) {
        skip();
    }
    assert_true(WIFSIGNALED(result.status));
    assert_non_null(strstr(result.errors, "snug: write after free to "));
}

static void an_empty_quarantine_gives_nothing(void)
{
    CHECK(snug_debug("check"));
    os_fail_from(1);
    errno = 0;
    CHECK(snug_malloc(0) == NULL);
    CHECK_NUMBERS(errno, ==, ENOMEM);
    CHECK(snug_malloc(100) == NULL);
    os_fail_from(0);
    CHECK(snug_malloc(0) != NULL);
}

/* Bytes asked for in blocks of `size` until there are no more. */
static size_t fill(size_t size)
{
    size_t bytes = 0;
    while (snug_malloc(size) != NULL) {
        bytes += size;
    }
    CHECK_NUMBERS(errno, ==, ENOMEM);
    return bytes;
}

/* The table of blocks doubles at the cost of the heap's reserve. 100 bytes cost 240 at
 * check, with red zones and the table, twice that while the table is copied. */
static void small_blocks_fill_limited_data_at_check(void)
{
    CHECK(snug_debug("check"));
    CHECK(snug_malloc(100) != NULL);
    limit(RLIMIT_DATA, "VmData:", 20 * mib);
    CHECK_NUMBERS(fill(100), >, (64 + 20) * mib / 3);
}

static void guard_pages_leave_room_for_red_zones(void)
{
    limit(RLIMIT_AS, "VmSize:", 100 * mib);
    CHECK(snug_debug("guard"));
    CHECK_NUMBERS(fill(1000), >, 25 * mib);
}

static void a_mapping_may_take_the_place_of_the_reserve(void)
{
    CHECK(snug_malloc(100) != NULL);
    limit(RLIMIT_AS, "VmSize:", 20 * mib);
    char *const block = snug_malloc(70 * mib); /* more than is reserved, or left */
    CHECK(block != NULL);
    memset(block, 1, 70 * mib);
    CHECK_HEAP();
    CHECK(snug_realloc(block, 78 * mib) != NULL);
    CHECK(snug_malloc(1000) != NULL);
    CHECK_HEAP();
}

/* What the program freed is room for others: a limit counts addresses, not pages. */
static void an_emptied_heap_leaves_room_for_mappings(void)
{
    CHECK(snug_malloc(100) != NULL);
    limit(RLIMIT_AS, "VmSize:", 40 * mib);
    static char *blocks[50000];
    size_t count = 0;
    while ((blocks[count] = snug_malloc(5000)) != NULL) {
        memset(blocks[count++], 1, 5000);
    }
    CHECK_NUMBERS(count, >, 10000);
    const size_t full = status_bytes("VmSize:");
    while (count > 0) {
        snug_free(blocks[--count]);
    }
    CHECK_NUMBERS(status_bytes("VmSize:") + 60 * mib, <, full);
    CHECK_HEAP();
    char *const again = snug_malloc(60 * mib);
    CHECK(again != NULL);
    memset(again, 1, 60 * mib);
    CHECK_HEAP();
}

static void a_returned_reserve_grows_again(void)
{
    CHECK(snug_malloc(100) != NULL);
    const size_t before = status_bytes("VmSize:");
    const size_t reserved = snug_mallinfo2().arena;
    CHECK(heap_return_reserve());
    CHECK_HEAP();
    CHECK_NUMBERS(before - status_bytes("VmSize:"), >, 60 * mib);
    CHECK_NUMBERS(reserved - snug_mallinfo2().arena, ==,
                  before - status_bytes("VmSize:"));
    CHECK(!heap_return_reserve());
    for (size_t i = 0; i < 100000; i++) {
        char *const block = snug_malloc(1000);
        CHECK(block != NULL);
        memset(block, 1, 1000);
    }
    CHECK_HEAP();
}

static void a_reserve_from_mmap_goes_back_too(void)
{
    struct rlimit no_break = {0, RLIM_INFINITY}; /* mappings pass at a limit of 0 */
    CHECK(setrlimit(RLIMIT_DATA, &no_break) == 0);
    if (sbrk((intptr_t)mib) != (void *)-1) {
        _exit(CHILD_SKIPPED);
    }
    a_returned_reserve_grows_again();
}

static void locked_memory_is_no_more_than_used(void)
{
    if (SANITIZED || is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    CHECK(snug_malloc(100) != NULL);
    /* libc's own, to ask whether so much may be locked */
    void *const trial =
        mlockall(MCL_FUTURE) == 0
            ? mmap(NULL, 32 * mib, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : MAP_FAILED;
    if (trial == MAP_FAILED) {
        _exit(CHILD_SKIPPED);
    }
    CHECK(munmap(trial, 32 * mib) == 0 && munlockall() == 0);
    const size_t before = status_bytes("VmRSS:");
    CHECK(reserve_mlockall(MCL_FUTURE) == 0);
    for (size_t i = 0; i < 10000; i++) {
        char *const block = snug_malloc(1000);
        CHECK(block != NULL);
        memset(block, 1, 1000);
    }
    CHECK_NUMBERS(status_bytes("VmLck:"), >, 8 * mib);
    CHECK_NUMBERS(status_bytes("VmRSS:") - before, <, 14 * mib);
    CHECK(reserve_munlockall() == 0);
    CHECK_NUMBERS(status_bytes("VmLck:"), ==, 0);
    errno = 0;
    CHECK(reserve_mlockall(1 << 20) == -1);
    CHECK_NUMBERS(errno, ==, EINVAL);
}

/* A process that locks its memory expects no page faults: free pages stay. */
static void locked_memory_is_not_given_back(void)
{
    skip_if_emulated(); /* it has no mincore */
    static char *blocks[1000];
    heap.locked = true;
    for (size_t i = 0; i < 1000; i++) {
        blocks[i] = snug_malloc(50000);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, 50000);
    }
    const size_t before = resident_bytes(blocks[0], blocks[999]);
    CHECK_NUMBERS(before, >=, 999 * 50000 - page_bytes);
    for (size_t i = 1000; i-- > 0;) {
        snug_free(blocks[i]);
    }
    snug_malloc_trim(0);
    CHECK_NUMBERS(resident_bytes(blocks[0], blocks[999]), ==, before);
}

static void vacant_pages_are_resident_once_locked(void)
{
    if (SANITIZED || is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    char *block = snug_malloc(4 * mib);
    CHECK(block != NULL && snug_malloc(1000) != NULL);
    memset(block, 1, 4 * mib);
    snug_free(block);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(pages_vacant_bytes, >=, 4 * mib - 4 * page_bytes);
    if (reserve_mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        CHECK_NUMBERS(pages_vacant_bytes, !=, 0); /* as before */
        _exit(CHILD_SKIPPED);
    }
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
    CHECK_NUMBERS(resident_bytes(block, block + 4 * mib), >=, 4 * mib);
    CHECK(snug_calloc(1, 4 * mib) == block); /* nothing is known to be zero */
    for (size_t i = 0; i < 4 * mib; i++) {
        CHECK(block[i] == 0);
    }
    memset(block, 1, 4 * mib);
    snug_free(block);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 0);
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
    CHECK_HEAP();
    CHECK(reserve_munlockall() == 0);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 1);
    CHECK_NUMBERS(pages_vacant_bytes, >=, 4 * mib - 4 * page_bytes);
    CHECK_HEAP();
}

/* The rest of its region was locked as it was reserved. */
static void a_region_closed_while_locked_has_no_vacant_pages(void)
{
    CHECK(snug_malloc(1000) != NULL);
    heap.locked = true;
    if (sbrk((intptr_t)mib) == (void *)-1) {
        _exit(CHILD_SKIPPED);
    }
    const struct heap_region *const region = heap.regions;
    while (heap.regions == region) {
        CHECK(snug_malloc(30 * mib) != NULL);
    }
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
    CHECK_HEAP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(quarantine_gives_way_at_check),
        CHILD_TEST(quarantine_gives_way_at_guard),
        CHILD_TEST(no_quarantine_holds_no_addresses),
        cmocka_unit_test(what_leaves_the_quarantine_early_is_checked),
        CHILD_TEST(an_empty_quarantine_gives_nothing),
        CHILD_TEST(small_blocks_fill_limited_data_at_check),
        CHILD_TEST(guard_pages_leave_room_for_red_zones),
        CHILD_TEST(a_mapping_may_take_the_place_of_the_reserve),
        CHILD_TEST(an_emptied_heap_leaves_room_for_mappings),
        CHILD_TEST(a_returned_reserve_grows_again),
        CHILD_TEST(a_reserve_from_mmap_goes_back_too),
        CHILD_TEST(locked_memory_is_no_more_than_used),
        CHILD_TEST(locked_memory_is_not_given_back),
        CHILD_TEST(vacant_pages_are_resident_once_locked),
        CHILD_TEST(a_region_closed_while_locked_has_no_vacant_pages),
    };
    return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
