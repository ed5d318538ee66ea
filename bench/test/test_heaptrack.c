/* The reader of heaptrack's raw data: a golden file, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void everything_in_raw_data(void **state)
{
    (void)state;
    golden_reads("heaptrack.raw", "heaptrack", "heaptrack.dump");
}

static void interpreted_data_is_refused_with_what_to_do(void **state)
{
    (void)state;
    struct trace_error error = {"no error"};
    const char *path = "bench/test/golden/heaptrack-interpreted.txt";
    assert_null(trace_read(path, &error));
    assert_string_equal(error.text,
                        "bench/test/golden/heaptrack-interpreted.txt:4: expected raw "
                        "data of heaptrack, found its interpreted form, which has no "
                        "addresses; record with 'heaptrack --raw'");
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
#define INTERPRETED                                                                    \
    "expected raw data of heaptrack, found its interpreted form, which has no "        \
    "addresses; record with 'heaptrack --raw'"
    static const struct error_row rows[] = {
        {"v 10400 3\n+ 0\n", ":2: " INTERPRETED},
        {"v 10400 3\na 20 1\n", ":2: " INTERPRETED},
        {"v 10400 3\n*\n", ":2: expected a letter alone, + or -, found '*'"},
        {"v 10400 3\n+10 1 10\n", ":2: expected a letter alone, + or -, found '+10'"},
        {"+ 1g 1 10\n", ":1: expected a hexadecimal size below 2^47, found '1g'"},
        {"+ 800000000000 1 10\n",
         ":1: expected a hexadecimal size below 2^47, found '800000000000'"},
        {"+ 10 x 10\n", ":1: expected a hexadecimal place, found 'x'"},
        {"+ 10 1\n", ":1: expected a hexadecimal address, found the end of the line"},
        {"+ 10 1 20 3\n", ":1: expected the end of the line, found '3'"},
        {"-\n", ":1: expected a hexadecimal address, found the end of the line"},
        {"- 10 1\n", ":1: expected the end of the line, found '1'"},
        {"v 10400 3\n", ": expected a call, found none"},
    };
    errors_are("heaptrack", rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_raw_data),
        cmocka_unit_test(interpreted_data_is_refused_with_what_to_do),
        cmocka_unit_test(errors_name_line_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
