/* The table of a run: who is better where, and what it says of a disk that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "handmade.h"
#include "report/report.h"

static bool print_into(const struct run *run, FILE *out)
{
    struct summary *summary = summary_create(run, summary_defaults);
    const bool written = report_table(out, run, summary);
    summary_destroy(summary);
    return written;
}

static char *table_of(const struct run *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(print_into(run, out));
    fclose(out);
    return text;
}

static void test_table_says_who_wins_and_loses(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    char *text = table_of(run);
    assert_non_null(strstr(text, "floor (harness)"));
    assert_non_null(strstr(text, "2.00x faster"));
    assert_non_null(strstr(text, "malloc, 99.9th percentile over 2, ns (10 the "
                                 "clock's): glibc "));
    assert_non_null(strstr(text, "snug loses nowhere in this run"));
    assert_null(strchr(text, '\033')); /* no terminal, no colour */
    free(text);
    struct timing_samples *warm = &handmade_result(run, 1, HANDMADE_SNUG)->warm;
    for (size_t i = 0; i < warm->count; i++) {
        warm->items[i].best_pass_ns *= 4;
    }
    handmade_result(run, 0, HANDMADE_GLIBC)->status = RESULT_TIMED_OUT;
    text = table_of(run);
    assert_non_null(strstr(text, "timed out"));
    assert_non_null(strstr(text, "in speed to glibc on second, \"quoted\" (0.50x)"));
    assert_null(strstr(text, "loses nowhere"));
    free(text);
    handmade_destroy(run);
}

static bool table_says(const struct run *run, const char *words)
{
    char *text = table_of(run);
    const bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

static void set_peak(const struct run *run, size_t allocator, uint64_t growth_bytes)
{
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        handmade_result(run, trace, allocator)->memory.peaks.resident_bytes =
            (4 << 20) + growth_bytes;
    }
}

/* A loss is what is more than a measurement's own spread. */
static void test_small_losses_are_none(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    set_peak(run, HANDMADE_GLIBC, 1300000); /* 0.807 against 0.800 */
    assert_true(table_says(run, "snug loses nowhere in this run"));
    set_peak(run, HANDMADE_GLIBC, 1290000); /* 0.813 */
    assert_true(table_says(run, "in utilization to glibc on first (0.800 against"));
    assert_true(table_says(run, "in mean utilization to glibc (0.800 against"));
    assert_false(table_says(run, "at once"));
    set_peak(run, HANDMADE_GLIBC, 2 << 20);
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        struct timing_samples ours = handmade_result(run, trace, HANDMADE_SNUG)->warm;
        struct timing_samples theirs =
            handmade_result(run, trace, HANDMADE_GLIBC)->warm;
        for (size_t i = 0; i < ours.count;
             i++) { /* medians 103 and 102 in 100 to 106 */
            ours.items[i].best_pass_ns = 10000 + 100 * i;
            theirs.items[i].best_pass_ns = 9900 + 100 * i;
        }
    }
    assert_true(table_says(run, "snug loses nowhere in this run"));
    handmade_destroy(run);
}

/* In every table, of a single trace, too. */
static void test_undecided_is_not_the_same(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        struct timing_samples ours = handmade_result(run, trace, HANDMADE_SNUG)->warm;
        struct timing_samples theirs =
            handmade_result(run, trace, HANDMADE_GLIBC)->warm;
        for (size_t i = 0; i < ours.count; i++) {
            theirs.items[i].best_pass_ns = 10000;
            ours.items[i].best_pass_ns = i % 2 == 0 ? 10002 : 9998;
        }
    }
    assert_true(table_says(run, "1.00x same"));
    assert_false(table_says(run, "1.00x undecided"));
    struct timing_samples wild = handmade_result(run, 0, HANDMADE_SNUG)->warm;
    for (size_t i = 0; i < wild.count; i++) {
        wild.items[i].best_pass_ns = i % 2 == 0 ? 5000 : 20000;
    }
    char *text = table_of(run);
    const char *first = strstr(text, "first: ");
    const char *second = strstr(text, "second");
    const char *undecided = strstr(text, "x undecided");
    assert_true(first != NULL && second != NULL && undecided != NULL);
    assert_true(first < undecided && undecided < second);
    free(text);
    handmade_destroy(run);
}

static void test_table_on_a_full_disk(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    assert_false(print_into(run, out));
    fclose(out);
    handmade_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_says_who_wins_and_loses),
        cmocka_unit_test(test_small_losses_are_none),
        cmocka_unit_test(test_undecided_is_not_the_same),
        cmocka_unit_test(test_table_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
