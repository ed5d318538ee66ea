/* Parts of traces: windows, threads, sizes, and blocks that cross their bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_case.h"
#include "trace/filter.h"

static void filters_to(const char *lines, struct filter filter, const char *expected)
{
    struct trace_error error = {"no error"};
    struct trace *source = trace_of(lines);
    struct trace *part = filter_trace(source, &filter, &error);
    if (part == NULL) {
        fail_msg("%s", error.text);
    }
    lines_are(part, expected);
    trace_destroy(source);
}

static const char every_kind[] = "#@ start 0\n"
                                 "a 0 10\n"
                                 "c 1 3 20\n"
                                 "m 2 64 300\n"
                                 "r 3 40\n"
                                 "#@ start 1\n"
                                 "t 1\n"
                                 "r 0 5000\n"
                                 "f -1\n"
                                 "s 2 300\n"
                                 "#@ mark 1\n"
                                 "t 0\n"
                                 "f 0\n"
                                 "a 0 20\n";

static void everything_is_the_trace_itself(void **state)
{
    (void)state;
    filters_to(every_kind, filter_all, every_kind);
}

static void a_window_meets_the_heap_it_had(void **state)
{
    (void)state;
    struct filter filter = filter_all;
    filter.first = 8; /* from "f -1" on */
    filter.last = 12;
    /* Oldest first, and as large as they are by then. */
    filters_to(every_kind, filter,
               "a 0 5000\n"
               "c 1 3 20\n"
               "m 2 64 300\n"
               "a 3 40\n"
               "t 1\n"
               "f -1\n"
               "s 2 300\n"
               "#@ mark 1\n"
               "t 0\n"
               "f 0\n"
               "a 0 20\n");
}

static void the_oldest_block_comes_first(void **state)
{
    (void)state;
    struct filter filter = filter_all;
    filter.first = 5;
    filters_to("a 0 1\na 1 2\nf 0\na 0 3\nf 1\n", filter, "a 0 2\na 1 3\nf 0\n");
}

static void a_window_may_begin_empty(void **state)
{
    (void)state;
    struct filter filter = filter_all;
    filter.first = 7; /* from "r 0 5000" on */
    filter.is_empty_at_first = true;
    filters_to(every_kind, filter,
               "a 0 5000\n"
               "f -1\n"
               "#@ mark 0\n"
               "t 1\n"
               "f 0\n"
               "a 0 20\n");
}

static void the_owner_of_a_block_decides(void **state)
{
    (void)state;
    static const uint64_t one[] = {1};
    struct filter filter = filter_all;
    filter.threads = one;
    filter.thread_count = 1;
    filters_to("t 0\na 0 1\nt 1\na 1 2\nr 0 3\nf 0\nt 0\nr 1 4\nf -1\nf 1\n", filter,
               "a 0 2\n"
               "t 1\n"
               "r 0 4\n"
               "f 0\n");
}

static void reallocs_cross_the_range_of_sizes(void **state)
{
    (void)state;
    struct filter filter = filter_all;
    filter.min_bytes = 100;
    filter.max_bytes = 200;
    filters_to("a 0 99\n"
               "a 1 100\n"
               "r 0 150\n" /* in */
               "r 1 200\n"
               "r 0 201\n" /* out */
               "c 2 10 15\n"
               "r 0 199\n" /* in again */
               "f 0\n"
               "f -1\n"
               "f 1\n",
               filter,
               "a 0 100\n"
               "a 1 150\n"
               "r 0 200\n"
               "f 1\n"
               "c 1 10 15\n"
               "a 2 199\n"
               "f 2\n"
               "f 0\n");
}

static void what_changed_is_in_the_notes(void **state)
{
    (void)state;
    struct trace_error error;
    struct filter filter = filter_all;
    filter.first = 3;
    filter.min_bytes = 100;
    struct trace *source = trace_of("a 0 1\na 1 100\nr 0 100\nr 1 1\n");
    struct trace *part = filter_trace(source, &filter, &error);
    assert_non_null(part);
    assert_int_equal(part->note_count, 3);
    assert_string_equal(part->notes[0],
                        "Blocks from before the window, allocated first: 1.");
    assert_string_equal(part->notes[1],
                        "Reallocs of blocks that are not here, now mallocs: 1.");
    assert_string_equal(part->notes[2],
                        "Reallocs out of the range of sizes, now frees: 1.");
    trace_destroy(part);
    trace_destroy(source);
}

static void nothing_left_is_an_error(void **state)
{
    (void)state;
    struct trace_error error = {"no error"};
    struct filter filter = filter_all;
    filter.min_bytes = 1000;
    struct trace *source = trace_of("a 0 1\nf 0\n");
    assert_null(filter_trace(source, &filter, &error));
    assert_non_null(strstr(error.text, "expected some operation in window, threads "
                                       "and sizes, found none"));
    trace_destroy(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_the_trace_itself),
        cmocka_unit_test(a_window_meets_the_heap_it_had),
        cmocka_unit_test(the_oldest_block_comes_first),
        cmocka_unit_test(a_window_may_begin_empty),
        cmocka_unit_test(the_owner_of_a_block_decides),
        cmocka_unit_test(reallocs_cross_the_range_of_sizes),
        cmocka_unit_test(what_changed_is_in_the_notes),
        cmocka_unit_test(nothing_left_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
