/* The reader of glibc's mtrace logs: a golden file, and every error by its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void everything_in_a_log(void **state)
{
    (void)state;
    golden_reads("mtrace.log", "mtrace", "mtrace.dump");
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"= Start\nfoo\n", ":2: expected a call (+, -, <, > or !), found 'foo'"},
        {"= Start\n+\n", ":2: expected a call (+, -, <, > or !), found '+'"},
        {"= Start\n* 0x10\n", ":2: expected a call (+, -, <, > or !), found '*'"},
        {"= Start\n@ app:[0x10] \n",
         ":2: expected a call (+, -, <, > or !), found the end of the line"},
        {"= Start\n@ app + 0x10 0x1\n",
         ":2: expected a place that ends in ']', found '@'"},
        {"= Start\n+ 16g 0x1\n", ":2: expected a hexadecimal address, found '16g'"},
        {"= Start\n+ 0x 0x1\n", ":2: expected a hexadecimal address, found '0x'"},
        {"= Start\n+ 0x11112222333344445 0x1\n",
         ":2: expected a hexadecimal address, found '0x11112222333344445'"},
        {"= Start\n+ 0x10\n",
         ":2: expected a hexadecimal size below 2^47, found the end of the line"},
        {"= Start\n+ 0x10 0x800000000000\n",
         ":2: expected a hexadecimal size below 2^47, found '0x800000000000'"},
        {"= Start\n- 0x10 0x1\n", ":2: expected the end of the line, found '0x1'"},
        {"= Start\n> 0x10 0x1\n", ":2: expected a '<' in the line before, found '>'"},
        {"= Start\n< 0x10\n- 0x10\n",
         ":3: expected a '>', the second half of a realloc, found '-'"},
        {"= Start\n= End\n", ": expected a call, found none"},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

/* What a program that aborts leaves: its log is written in pieces. */
static void a_log_that_is_cut_off(void **state)
{
    (void)state;
    static const char contents[] = "= Start\n+ 0x10 0x64\n+ 0x20 0x5\n+ 0x3";
    char path[] = "/tmp/snug-test-mtrace-XXXXXX";
    struct trace_error error = {"no error"};
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_whole(path, contents, sizeof contents - 1);
    struct trace *trace = trace_read(path, &error);
    unlink(path);
    assert_non_null(trace);
    assert_int_equal(trace->header->op_count, 2);
    assert_non_null(strstr(trace->notes[0], "cut off in its last line"));
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_a_log),
        cmocka_unit_test(a_log_that_is_cut_off),
        cmocka_unit_test(errors_name_line_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
