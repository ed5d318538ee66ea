/* Copies of the delayed floor: the same file but for the delay, which delays. */
#include <dlfcn.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "floor/delay.h"
#include "process/clock.h"
#include "process/tool.h"
#include "runner/delayed.h"

enum {
    FILE_LIMIT_BYTES = 1 << 20,
    CALLS = 1 << 16,
    MANY_STEPS = 1 << 16,
};

static size_t read_file(const char *path, unsigned char *bytes)
{
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    const size_t count = fread(bytes, 1, FILE_LIMIT_BYTES, in);
    assert_true(count > 0 && count < FILE_LIMIT_BYTES);
    fclose(in);
    return count;
}

static void open_copy(struct delayed *delayed, uint32_t extra_steps)
{
    char error[256] = "";
    if (!delayed_open(delayed, extra_steps, error, sizeof error)) {
        fail_msg("%s", error);
    }
}

static void test_only_the_delay_differs(void **state)
{
    (void)state;
    static unsigned char original[FILE_LIMIT_BYTES];
    static unsigned char copy[FILE_LIMIT_BYTES];
    char path[PATH_MAX];
    struct delayed delayed;
    assert_true(tool_find("libsnugbench-floor-delayed.so", path, sizeof path));
    open_copy(&delayed, 1000);
    const size_t count = read_file(path, original);
    assert_int_equal(read_file(delayed.path, copy), count);
    struct delay *there = memmem(copy, count, DELAY_MARK, sizeof DELAY_MARK);
    assert_non_null(there);
    assert_int_equal(there->steps, DELAY_BASE_STEPS + 1000);
    there->steps = DELAY_BASE_STEPS;
    assert_memory_equal(original, copy, count);
    /* The mark stands once, so it cannot be the wrong one. */
    const unsigned char *rest = (unsigned char *)(there + 1);
    assert_null(
        memmem(rest, count - (size_t)(rest - copy), DELAY_MARK, sizeof DELAY_MARK));
    delayed_close(&delayed);
}

/* The least of several, as the machine may be busy. */
static uint64_t least_ns(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    void *symbol = dlsym(handle, "malloc");
    assert_non_null(symbol);
    void *(*allocate)(size_t);
    memcpy(&allocate, &symbol, sizeof allocate);
    uint64_t least = UINT64_MAX;
    for (int turn = 0; turn < 5; turn++) {
        const uint64_t start = clock_now_ns();
        for (int i = 0; i < CALLS; i++) {
            assert_non_null(allocate(16));
        }
        const uint64_t ns = clock_now_ns() - start;
        least = ns < least ? ns : least;
    }
    dlclose(handle);
    return least;
}

/* 256 steps a call beside a quarter of one. */
static void test_the_delay_delays(void **state)
{
    (void)state;
    struct delayed base;
    struct delayed slow;
    open_copy(&base, 0);
    open_copy(&slow, MANY_STEPS);
    const uint64_t base_ns = least_ns(base.path);
    const uint64_t slow_ns = least_ns(slow.path);
    assert_true(slow_ns > 3 * base_ns);
    delayed_close(&base);
    delayed_close(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_delay_differs),
        cmocka_unit_test(test_the_delay_delays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
