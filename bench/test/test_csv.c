#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/csv.h"

static void assert_row(size_t count, const char *const *fields, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(csv_row(out, count, fields));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void test_fields_are_quoted(void **state)
{
    (void)state;
    assert_row(2, (const char *const[]){"a", "1.5"}, "\"a\",\"1.5\"\n");
    assert_row(2, (const char *const[]){"a,b", "say \"x\""},
               "\"a,b\",\"say \"\"x\"\"\"\n");
    assert_row(1, (const char *const[]){"two\nlines"}, "\"two\nlines\"\n");
}

static void test_null_is_an_empty_cell(void **state)
{
    (void)state;
    assert_row(3, (const char *const[]){NULL, "", NULL}, ",\"\",\n");
}

static void test_line_of_numbers(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct csv_line line = {.count = 0};
    csv_line_text(&line, "name");
    csv_line_count(&line, UINT64_MAX);
    csv_line_number(&line, 0.1 + 0.2, true);
    csv_line_number(&line, 123456789012, true);
    csv_line_number(&line, 0, false);
    assert_true(csv_line_write(&line, out));
    csv_line_text(&line, "next");
    assert_true(csv_line_write(&line, out));
    fclose(out);
    assert_string_equal(text, "\"name\",\"18446744073709551615\",\"0.3\","
                              "\"123456789012\",\n\"next\"\n");
    free(text);
}

/* The buffer must not hide a full disk. */
static void test_full_disk_is_reported(void **state)
{
    (void)state;
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    setvbuf(out, NULL, _IONBF, 0);
    assert_false(csv_row(out, 1, (const char *const[]){"a"}));
    assert_int_equal(errno, ENOSPC);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_quoted),
        cmocka_unit_test(test_null_is_an_empty_cell),
        cmocka_unit_test(test_line_of_numbers),
        cmocka_unit_test(test_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
