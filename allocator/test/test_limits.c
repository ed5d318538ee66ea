/* A system that refuses for good: no mapping may be added, the break cannot move from
 * the first call on, or somebody stands behind it. At level 0 and at the debug levels.
 */
#include "snug.h"

#include <errno.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/os.h"
#include "child.h"
#include "heap/heap.h"
#include "pattern.h"
#include "random.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;
static const size_t page_bytes = 4096;

enum {
    SLOTS = 600
};

static struct {
    char *block;
    size_t size;
} slots[SLOTS];

static void check_all(void)
{
    CHECK_HEAP();
    for (size_t i = 0; i < SLOTS; i++) {
        CHECK(pattern_holds(slots[i].block, slots[i].size, slots[i].size, i));
    }
}

static void check_and_free(size_t i)
{
    CHECK(pattern_holds(slots[i].block, slots[i].size, slots[i].size, i));
    snug_free(slots[i].block);
    slots[i].block = NULL;
    slots[i].size = 0;
}

/* Allocate, resize and free blocks of all sizes. Returns how often it got NULL. */
static size_t work(unsigned bits)
{
    struct random random = {5};
    size_t refused = 0;
    for (size_t n = 0; n < 6 * (size_t)SLOTS; n++) {
        const size_t i = random_below(&random, SLOTS);
        const size_t size = 1 + random_size(&random, bits);
        errno = 0;
        char *block;
        if (slots[i].block == NULL) {
            block = n % 3 == 0   ? snug_calloc(size, 1)
                    : n % 3 == 1 ? snug_aligned_alloc(64 << n % 9, size)
                                 : snug_malloc(size);
            CHECK(n % 3 != 0 || block == NULL || pattern_is_zero(block, size));
        } else if (n % 3 == 0) {
            block = snug_realloc(slots[i].block, size);
            const size_t kept = size < slots[i].size ? size : slots[i].size;
            CHECK(block == NULL || pattern_holds(block, kept, slots[i].size, i));
        } else {
            check_and_free(i);
            continue;
        }
        if (block == NULL) {
            CHECK_NUMBERS(errno, ==, ENOMEM);
            refused++;
        } else {
            slots[i].block = block;
            slots[i].size = size;
            pattern_fill(block, size, i);
        }
        if (n % 500 == 0) {
            check_all();
        }
    }
    check_all();
    return refused;
}

static void free_all(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        check_and_free(i);
    }
    snug_malloc_trim(0);
    CHECK_HEAP();
}

/* Mappings until the kernel has no more of them to give: every second page of a range
 * made readable. Returns the range. */
static char *fill_the_mappings(size_t *bytes)
{
    skip_if_emulated(); /* it needs some itself, and waits for them for ever */
    FILE *const file = fopen("/proc/sys/vm/max_map_count", "r");
    char text[32] = "";
    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        _exit(CHILD_SKIPPED);
    }
    fclose(file);
    const size_t limit = strtoul(text, NULL, 10);
    if (SANITIZED || limit > 300000) { /* it would take too long */
        _exit(CHILD_SKIPPED);
    }
    *bytes = 2 * limit * page_bytes;
    char *const range = mmap(NULL, *bytes, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK((void *)range != MAP_FAILED);
    for (size_t at = page_bytes; at < *bytes; at += 2 * page_bytes) {
        if (mprotect(range + at, page_bytes, PROT_READ) != 0) {
            break;
        }
    }
    /* One more, unlike its neighbours, must be refused. */
    while (mmap(NULL, page_bytes, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED) {
    }
    CHECK_NUMBERS(errno, ==, ENOMEM);
    return range;
}

/* `used_before`: the heap has begun, with mappings of its own to split. */
static void with_all_mappings_taken(const char *level, bool used_before)
{
    CHECK(level == NULL || snug_debug(level));
    if (used_before) {
        snug_mallopt(M_MMAP_THRESHOLD, 64 * 1024);
        CHECK_NUMBERS(work(18), ==, 0);
    }
    size_t bytes;
    char *const range = fill_the_mappings(&bytes);
    work(18);
    CHECK(munmap(range, bytes) == 0);
    CHECK_NUMBERS(work(20), ==, 0); /* there is room again */
    free_all();
    if (level == NULL) {
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    }
}

static void mappings_taken_before_the_first_call(void)
{
    with_all_mappings_taken(NULL, false);
}

static void mappings_taken_later(void)
{
    with_all_mappings_taken(NULL, true);
}

static void mappings_taken_at_level_check(void)
{
    with_all_mappings_taken("check", true);
}

static void mappings_taken_at_level_guard(void)
{
    with_all_mappings_taken("guard", true);
}

static void check_growth_by_mappings(void)
{
    const uint64_t maps = snug_system_calls().mmap;
    CHECK_NUMBERS(work(22), ==, 0);
    CHECK_NUMBERS(snug_system_calls().mmap, >, maps);
    free_all();
}

/* The kernel is forbidden to move the break: it answers as if there were no memory. */
static void forbid_brk(void)
{
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    CHECK(filter != NULL);
    CHECK(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOMEM), SCMP_SYS(brk), 0) == 0);
    if (seccomp_load(filter) != 0) {
        _exit(CHILD_SKIPPED);
    }
    CHECK(syscall(SYS_brk, 0) == -1);
}

static void brk_may_be_forbidden_from_the_first_call(void)
{
    forbid_brk();
    check_growth_by_mappings();
}

static void brk_may_be_forbidden_at_level_check(void)
{
    CHECK(snug_debug("check"));
    forbid_brk();
    check_growth_by_mappings();
}

static void brk_may_be_forbidden_at_level_guard(void)
{
    CHECK(snug_debug("guard"));
    forbid_brk();
    check_growth_by_mappings();
}

/* A page of somebody else's right behind the break. */
static void brk_may_be_blocked_by_a_mapping(void)
{
    char *const end = sbrk(0);
    char *const page = end + (page_bytes - (uintptr_t)end % page_bytes) % page_bytes;
    CHECK(mmap(page, page_bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == page);
    pattern_fill(page, page_bytes, 9);
    CHECK(sbrk((intptr_t)mib) == (void *)-1);
    check_growth_by_mappings();
    CHECK(pattern_holds(page, page_bytes, page_bytes, 9));
}

/* Both ways to grow end within the same work: brk is gone, then the mappings are. */
/* A heap of several regions has others' memory, or none, between them: a zero-size
 * block, which cannot be read, is such. Freeing it looks at nothing before it. */
static void what_lies_between_regions_is_not_read(void)
{
    enum {
        COUNT = 3000
    };
    static void *blocks[COUNT];
    static void *zero_sizes[COUNT];
    forbid_brk();
    snug_free(snug_malloc(40)); /* from now on the thread keeps what it frees */
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = snug_malloc(60000);
        zero_sizes[i] = snug_malloc(0);
        CHECK(blocks[i] != NULL && zero_sizes[i] != NULL);
    }
    CHECK_NUMBERS(snug_mallinfo2().arena, >, 128 * mib); /* more than one region */
    for (size_t i = 0; i < COUNT; i++) {
        snug_free(blocks[i]);
        snug_free(zero_sizes[i]);
    }
    CHECK_HEAP();
}

static void neither_brk_nor_mappings_leave_what_there_is(void)
{
    forbid_brk();
    CHECK_NUMBERS(work(18), ==, 0);
    size_t bytes;
    char *const range = fill_the_mappings(&bytes);
    CHECK_NUMBERS(work(14), ==, 0); /* from what is reserved */
    errno = 0;
    CHECK(snug_malloc(100 * mib) == NULL);
    CHECK_NUMBERS(errno, ==, ENOMEM);
    check_all();
    CHECK(munmap(range, bytes) == 0);
    CHECK(snug_malloc(100 * mib) != NULL);
    CHECK(snug_malloc(40 * kib) != NULL);
    free_all();
}

/* More free blocks than the table of their records has room for, and no memory for a
 * larger one: what is freed then waits, and comes back with the first record that is
 * spare. */
static void free_goes_on_without_memory_for_records(void)
{
    enum {
        COUNT = 100000
    };
    static char *many[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        many[i] = snug_malloc(560);
        CHECK(many[i] != NULL);
        memset(many[i], (int)(i % 251), 560);
    }
    os_fail_from(1);
    for (size_t i = 0; i < COUNT; i += 2) {
        snug_free(many[i]);
    }
    snug_malloc_trim(0); /* all lists go back to the heap */
    CHECK_HEAP();
    CHECK(heap.deferred_free != NULL);
    os_fail_from(0);
    for (size_t i = 1; i < COUNT; i += 2) {
        CHECK(many[i][0] == (char)(i % 251) && many[i][559] == (char)(i % 251));
        snug_free(many[i]);
    }
    snug_malloc_trim(0);
    CHECK_HEAP();
    CHECK_NUMBERS(snug_mallinfo2().uordblks, <=, 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(mappings_taken_before_the_first_call),
        CHILD_TEST(mappings_taken_later),
        CHILD_TEST(mappings_taken_at_level_check),
        CHILD_TEST(mappings_taken_at_level_guard),
        CHILD_TEST(brk_may_be_forbidden_from_the_first_call),
        CHILD_TEST(brk_may_be_forbidden_at_level_check),
        CHILD_TEST(brk_may_be_forbidden_at_level_guard),
        CHILD_TEST(brk_may_be_blocked_by_a_mapping),
        CHILD_TEST(free_goes_on_without_memory_for_records),
        CHILD_TEST(what_lies_between_regions_is_not_read),
        CHILD_TEST(neither_brk_nor_mappings_leave_what_there_is),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
