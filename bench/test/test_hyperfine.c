/* What hyperfine exports of one timed run, read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "live/hyperfine.h"

static const char header[] = "command,mean,stddev,median,user,system,min,max\n";

/* Reads this text from a file; the complaint begins behind the file's name. */
static bool read_text(const char *text, struct hyperfine_times *times,
                      const char **complaint)
{
    static char error[512];
    char path[] = "/tmp/snug-test-hyperfine-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    error[0] = '\0';
    const bool read = hyperfine_read(path, times, error, sizeof error);
    unlink(path);
    *complaint = strncmp(error, path, strlen(path)) == 0 ? error + strlen(path) : error;
    return read;
}

static void assert_complaint(const char *text, const char *expected)
{
    struct hyperfine_times times;
    const char *complaint;
    assert_false(read_text(text, &times, &complaint));
    assert_string_equal(complaint, expected);
}

static void test_one_run(void **state)
{
    (void)state;
    struct hyperfine_times times;
    const char *complaint;
    char text[300];
    /* A single run has no deviation: the cell is empty. */
    snprintf(text, sizeof text, "%s\"a,b\",1.5,,1.25,1,0.125,1.25,1.25\n", header);
    assert_true(read_text(text, &times, &complaint));
    assert_string_equal(complaint, "");
    assert_float_equal(times.median_s, 1.25, 1e-12);
    assert_float_equal(times.user_s, 1, 1e-12);
    assert_float_equal(times.system_s, 0.125, 1e-12);
}

static void test_bad_files(void **state)
{
    (void)state;
    char text[300];
    struct hyperfine_times times;
    char error[200];
    assert_complaint("",
                     ":1: expected a header and one row, found 'the end of the file'");
    assert_complaint(
        "a,b\n1,2\n",
        ":1: expected the header of hyperfine --export-csv, found 'another'");
    snprintf(text, sizeof text, "%ssort,1,,1,soon,1,1,1\n", header);
    assert_complaint(text, ":2: expected a number of 0 or more, found 'soon'");
    snprintf(text, sizeof text, "%ssort,1,,0,1,1,1,1\n", header);
    assert_complaint(text, ":2: expected a median above 0, found '0'");
    snprintf(text, sizeof text, "%sa,1,,1,1,1,1,1\nb,1,,1,1,1,1,1\n", header);
    assert_complaint(text, ":4: expected a header and one row, found 'more'");
    assert_false(hyperfine_read("/nowhere.csv", &times, error, sizeof error));
    assert_string_equal(error, "cannot read '/nowhere.csv': No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_run),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
