/* The environment's knobs, each in a process that sets it before its first call. */
#include "snug.h"

#include "child.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

static void set(const char *variable, const char *value)
{
    CHECK(setenv(variable, value, 1) == 0);
}

static void preallocate_sets_the_least_step(void)
{
    set("SNUG_PREALLOCATE", "1M");
    snug_free(snug_malloc(100));
    CHECK_NUMBERS(snug_mallinfo2().arena, <=, mib);
    CHECK_NUMBERS(snug_mallinfo2().arena, >=, mib - 64 * kib);
    set("SNUG_PREALLOCATE", "512M"); /* too late */
    CHECK(snug_malloc(100 * kib) != NULL);
    for (int i = 0; i < 20; i++) {
        CHECK(snug_malloc(60 * kib) != NULL);
    }
    CHECK_NUMBERS(snug_mallinfo2().arena, <, 4 * mib);
    CHECK_HEAP();
}

static void preallocate_may_be_more(void)
{
    set("SNUG_PREALLOCATE", "536870912");
    snug_free(snug_malloc(100));
    CHECK_NUMBERS(snug_mallinfo2().arena, >=, 480 * mib);
}

static void preallocate_nothing_still_grows(void)
{
    set("SNUG_PREALLOCATE", "0");
    for (int i = 0; i < 1000; i++) {
        CHECK(snug_malloc(5000) != NULL);
    }
    CHECK_NUMBERS(snug_mallinfo2().arena, <, 16 * mib);
    CHECK_HEAP();
}

static void mmap_threshold_is_fixed(void)
{
    set("SNUG_MMAP_THRESHOLD", "16K");
    for (int i = 0; i < 3; i++) {
        void *const block = snug_malloc(16 * kib);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
        snug_free(block);
    }
    CHECK(snug_malloc(16 * kib - 1) != NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    CHECK(snug_aligned_alloc(64, 16 * kib) != NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
}

static void mmap_threshold_may_be_out_of_reach(void)
{
    set("SNUG_MMAP_THRESHOLD", "1G");
    CHECK(snug_malloc(100 * mib) != NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
}

static void without_knobs_very_large_blocks_have_mappings(void)
{
    for (int i = 0; i < 3; i++) {
        void *const block = snug_malloc(64 * mib);
        CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
        snug_free(block);
    }
    CHECK(snug_malloc(63 * mib) != NULL);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    CHECK_NUMBERS(snug_system_calls().madvise, ==, 0);
}

static void huge_pages_are_asked_for(void)
{
    skip_if_emulated();
    set("SNUG_HUGE_PAGES", "1");
    const char *const block = snug_malloc(100);
    CHECK_NUMBERS(snug_system_calls().madvise, ==, 1);
    FILE *const maps = fopen("/proc/self/smaps", "r");
    CHECK(block != NULL && maps != NULL);
    char line[300];
    bool inside = false, seen = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        const uintptr_t begin = strtoul(line, &rest, 16);
        if (*rest == '-') {
            const uintptr_t end = strtoul(rest + 1, NULL, 16);
            inside = begin <= (uintptr_t)block && (uintptr_t)block < end;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            seen = strstr(line, " hg") != NULL;
        }
    }
    fclose(maps);
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) != 0) {
        _exit(CHILD_SKIPPED);
    }
    CHECK(seen);
}

static const char *variable, *value;

static void use_the_value(void)
{
    set(variable, value);
    void *const block = snug_malloc(64 * mib);
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 1);
    snug_free(block);
    snug_free(snug_malloc(100));
    CHECK_NUMBERS(snug_mallinfo2().arena, >=, 60 * mib);
    CHECK_NUMBERS(snug_mallinfo2().arena, <=, 64 * mib);
}

static void bad_values_are_named_and_left(void **state)
{
    static const char *const bad[][2] = {
        {"SNUG_PREALLOCATE", "lots"},
        {"SNUG_PREALLOCATE", "-1"},
        {"SNUG_PREALLOCATE", "1MB"},
        {"SNUG_PREALLOCATE", "99999999999999999999"},
        {"SNUG_MMAP_THRESHOLD", "K"},
        {"SNUG_MMAP_THRESHOLD", "200000G"},
        {"SNUG_MMAP_THRESHOLD", "never"},
        {"SNUG_HUGE_PAGES", "2"},
        {"SNUG_HUGE_PAGES", "1 "},
        {"SNUG_PURGE", "Never"},
        {"SNUG_PURGE", "0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        variable = bad[i][0];
        value = bad[i][1];
        char line[200];
        snprintf(line, sizeof line, "snug: %s: not understood, see snug.h: %s\n",
                 variable, value);
        const struct child_result result = child_run(use_the_value);
        assert_string_equal(result.errors, line);
        assert_int_equal(result.status, 0);
    }
}

static void an_empty_value_is_none(void **state)
{
    (void)state;
    variable = "SNUG_PREALLOCATE";
    value = "";
    const struct child_result result = child_run(use_the_value);
    assert_string_equal(result.errors, "");
    assert_int_equal(result.status, 0);
}

static void the_environment_has_precedence_over_snug_debug(void)
{
    set("SNUG_DEBUG", "off");
    CHECK(!snug_debug("check"));
    CHECK_NUMBERS(snug_malloc_usable_size(snug_malloc(41)), >, 41);
    CHECK(!snug_debug("check"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(preallocate_sets_the_least_step),
        CHILD_TEST(preallocate_may_be_more),
        CHILD_TEST(preallocate_nothing_still_grows),
        CHILD_TEST(mmap_threshold_is_fixed),
        CHILD_TEST(mmap_threshold_may_be_out_of_reach),
        CHILD_TEST(without_knobs_very_large_blocks_have_mappings),
        CHILD_TEST(huge_pages_are_asked_for),
        CHILD_TEST(the_environment_has_precedence_over_snug_debug),
        cmocka_unit_test(bad_values_are_named_and_left),
        cmocka_unit_test(an_empty_value_is_none),
    };
    return cmocka_run_group_tests_name("knobs", tests, NULL, NULL);
}
