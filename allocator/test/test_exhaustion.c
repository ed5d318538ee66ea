/* When memory runs out under a limit: what cannot be had is refused, blocks keep their
 * contents, the heap stays in order, and as soon as the limit is lifted work goes on.
 */
#include "snug.h"

#include <errno.h>

#include "random.h"
#include "slots.h"

/* Allocate until there is no more, under whatever limit has been set. */
static size_t fill_up(struct random *random, unsigned bits)
{
    size_t taken = 0;
    while (taken < SLOTS && slots[taken].block != NULL) {
        taken++;
    }
    for (; taken < SLOTS; taken++) {
        const size_t size = random_size(random, bits);
        errno = 0;
        char *const block =
            taken % 2 == 0 ? snug_malloc(size) : snug_aligned_alloc(4096, size);
        if (block == NULL) {
            CHECK_NUMBERS(errno, ==, ENOMEM);
            break;
        }
        slots[taken] = (struct slot){block, size};
        pattern_fill(block, size, taken);
    }
    return taken;
}

static void check_exhaustion(unsigned bits)
{
    struct random random = {8};
    for (int round = 0; round < 20; round++) {
        const size_t taken = fill_up(&random, bits);
        CHECK_NUMBERS(taken, >, 0);
        CHECK_NUMBERS(taken, <, SLOTS); /* it did run out */
        check_everything();
        for (size_t i = 0; i < taken; i++) { /* a block that cannot grow stays */
            errno = 0;
            CHECK(snug_realloc(slots[i].block, 600 * mib) == NULL);
            CHECK_NUMBERS(errno, ==, ENOMEM);
        }
        errno = 0;
        CHECK(snug_calloc(600, mib) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        check_everything();
        for (size_t i = 0; i < taken; i++) {
            if (i % 4 != (size_t)round % 4) {
                give_back(&slots[i]);
            }
        }
        size_t kept = 0; /* close ranks, each pattern by its new number */
        for (size_t i = 0; i < taken; i++) {
            if (slots[i].block != NULL) {
                const struct slot slot = slots[i];
                slots[i].block = NULL;
                slots[kept] = slot;
                pattern_fill(slot.block, slot.size, kept++);
            }
        }
        check_everything();
    }
}

/* The limit as it is now plus `bytes`, from a line of /proc/self/status in kB. */
static void limit_to(int resource, const char *line, size_t bytes)
{
    if (SANITIZED) {
        _exit(CHILD_SKIPPED);
    }
    FILE *const status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    char text[256];
    unsigned long now_kib = 0;
    while (fgets(text, sizeof text, status) != NULL) {
        if (strncmp(text, line, strlen(line)) == 0) {
            now_kib = strtoul(text + strlen(line), NULL, 10);
        }
    }
    fclose(status);
    CHECK(now_kib != 0);
    struct rlimit limit;
    CHECK(getrlimit((__rlimit_resource_t)resource, &limit) == 0);
    limit.rlim_cur = now_kib * kib + bytes;
    CHECK(setrlimit((__rlimit_resource_t)resource, &limit) == 0);
}

static void lift_the_limit(int resource)
{
    struct rlimit limit;
    CHECK(getrlimit((__rlimit_resource_t)resource, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit((__rlimit_resource_t)resource, &limit) == 0);
    char *const block = snug_malloc(100 * mib);
    CHECK(block != NULL);
    pattern_fill(block, 100 * mib, 1);
    check_everything();
}

static void address_space_may_run_out(void)
{
    skip_if_emulated();
    limit_to(RLIMIT_AS, "VmSize:", 24 * mib);
    check_exhaustion(22);
    lift_the_limit(RLIMIT_AS);
}

static void data_may_run_out(void)
{
    skip_if_emulated();
    limit_to(RLIMIT_DATA, "VmData:", 12 * mib);
    check_exhaustion(22);
    lift_the_limit(RLIMIT_DATA);
}

/* Less than the allocator would reserve by itself: it asks for less. */
static void a_small_limit_leaves_small_blocks(void)
{
    skip_if_emulated();
    limit_to(RLIMIT_AS, "VmSize:", 512 * kib);
    check_exhaustion(16);
    lift_the_limit(RLIMIT_AS);
}

/* An object and a block would move, as little of them is left. */
static void what_shrinks_needs_no_memory(void)
{
    skip_if_emulated();
    enum {
        OBJECT = 200,
        BLOCK = 8000,
        LEFT = 40
    };
    limit_to(RLIMIT_AS, "VmSize:", mib);
    for (int i = 0; i < 100; i++) { /* enough for a run */
        CHECK(snug_malloc(OBJECT) != NULL);
    }
    char *const object = snug_malloc(OBJECT);
    char *const block = snug_malloc(BLOCK);
    CHECK(object != NULL && block != NULL);
    pattern_fill(object, OBJECT, 1);
    pattern_fill(block, BLOCK, 2);
    for (size_t size = 64 * kib; size > 0; size /= 2) {
        while (snug_malloc(size) != NULL) {
        }
    }
    CHECK(snug_realloc(object, LEFT) == object);
    CHECK(pattern_holds(object, LEFT, OBJECT, 1));
    CHECK(snug_realloc(block, LEFT) == block);
    CHECK(pattern_holds(block, LEFT, BLOCK, 2));
    CHECK(snug_malloc(BLOCK / 2) != NULL); /* it has given back what it could */
    lift_the_limit(RLIMIT_AS);
}

/* From the first call on there is nothing at all. */
static void nothing_at_all_is_refused_cleanly(void)
{
    skip_if_emulated();
    limit_to(RLIMIT_AS, "VmSize:", 0);
    for (size_t size = 0; size < 100 * mib; size = 2 * size + 1) {
        errno = 0;
        CHECK(snug_malloc(size) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        CHECK(snug_calloc(1, size) == NULL);
        CHECK(snug_realloc(NULL, size) == NULL);
        CHECK(snug_aligned_alloc(64, size) == NULL);
        CHECK(snug_aligned_alloc(mib, size) == NULL);
    }
    snug_free(NULL);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 0);
    CHECK_HEAP();
    lift_the_limit(RLIMIT_AS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(address_space_may_run_out),
        CHILD_TEST(data_may_run_out),
        CHILD_TEST(a_small_limit_leaves_small_blocks),
        CHILD_TEST(what_shrinks_needs_no_memory),
        CHILD_TEST(nothing_at_all_is_refused_cleanly),
    };
    return cmocka_run_group_tests_name("exhaustion", tests, NULL, NULL);
}
