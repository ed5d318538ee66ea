/* Traces for the drivers of malloc labs: what they are told, and what is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_case.h"
#include "trace/formats/course_write.h"

static void writes(const char *lines, enum course_header header, const char *expected,
                   struct course_losses expected_losses)
{
    char path[] = "/tmp/snug-test-course-XXXXXX";
    struct trace_error error = {"no error"};
    struct course_losses losses;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct trace *trace = trace_of(lines);
    assert_true(course_write(trace, path, header, &losses, &error));
    char *found = read_whole(path);
    assert_string_equal(found, expected);
    assert_memory_equal(&losses, &expected_losses, sizeof losses);
    free(found);
    trace_destroy(trace);
    /* It is read as what it is. */
    trace = trace_read(path, &error);
    assert_non_null(trace);
    assert_int_equal(trace->note_count, 0);
    assert_int_equal(trace->weight, WEIGHT_BOTH);
    trace_destroy(trace);
    unlink(path);
}

static void a_plain_trace_loses_nothing(void **state)
{
    (void)state;
    static const char lines[] = "a 0 32\na 1 4000\nr 0 64\nf 1\na 1 7\nf 0\n";
    writes(lines, COURSE_CLASSIC,
           "4064\n2\n6\n1\na 0 32\na 1 4000\nr 0 64\nf 1\na 1 7\nf 0\n",
           (struct course_losses){0});
    writes(lines, COURSE_MODERN,
           "1\n2\n6\n4064\na 0 32\na 1 4000\nr 0 64\nf 1\na 1 7\nf 0\n",
           (struct course_losses){0});
}

static void what_a_driver_does_not_know_is_counted(void **state)
{
    (void)state;
    writes("#@ start 4\n"
           "t 4\n"
           "r 0 16\n" /* of NULL */
           "c 1 10 5\n"
           "m 2 64 100\n"
           "t 5\n"
           "f -1\n"
           "s 2 100\n"
           "r 0 0\n"
           "r 0 3000000000\n"
           "f 0\n"
           "r 0 9\n"
           "a 2 0\n",
           COURSE_MODERN,
           "1\n3\n9\n3000000050\n"
           "a 0 16\n"
           "a 1 50\n"
           "a 2 100\n"
           "f 2\n"
           "r 0 1\n"
           "r 0 3000000000\n"
           "f 0\n"
           "a 0 9\n"
           "a 2 1\n",
           (struct course_losses){.callocs = 1,
                                  .alignments = 1,
                                  .frees_of_null = 1,
                                  .zero_sizes = 2,
                                  .events = 1,
                                  .threads = 2,
                                  .large = 1});
}

static void the_smallest_heap_is_still_classic(void **state)
{
    (void)state;
    writes("a 0 1\nf 0\n", COURSE_CLASSIC, "4\n1\n2\n1\na 0 1\nf 0\n",
           (struct course_losses){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_trace_loses_nothing),
        cmocka_unit_test(what_a_driver_does_not_know_is_counted),
        cmocka_unit_test(the_smallest_heap_is_still_classic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
