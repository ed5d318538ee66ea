/* The reader of glibc's mtrace logs: a golden file, and every error by its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/trace.h"
#include "trace_dump.h"

static void everything_in_a_log(void **state)
{
    (void)state;
    struct trace_error error = {"no error"};
    struct trace *trace = trace_read("bench/test/golden/mtrace.log", &error);
    if (trace == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    assert_string_equal(trace->format, "mtrace");
    char *found = trace_dump(trace);
    char *expected = read_whole("bench/test/golden/mtrace.dump");
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    trace_destroy(trace);
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
    static const struct row {
        const char *input;
        const char *expected;
    } rows[] = {
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
    char path[] = "/tmp/snug-test-mtrace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace_error error = {"no error"};
        write_whole(path, rows[i].input, strlen(rows[i].input));
        assert_null(trace_read(path, &error));
        assert_memory_equal(error.text, path, strlen(path));
        assert_string_equal(error.text + strlen(path), rows[i].expected);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_a_log),
        cmocka_unit_test(errors_name_line_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
