/* Files and folders that two runs want at once. The tests run in an empty folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/output.h"

static char folder[] = "/tmp/snug-test-output-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir("/") + rmdir(folder);
}

/* Nothing is left in the folder: it could be removed. */
static void assert_empty(void)
{
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chdir(folder), 0);
}

static void assert_file_holds(const char *expected)
{
    char text[64] = "";
    FILE *file = fopen("same.csv", "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, expected);
}

static void write_line(struct output *output, const char *line)
{
    struct report_error error;
    assert_true(output_open(output, ".", "same.csv", &error));
    fprintf(output->stream, "%s\n", line);
}

/* As two runs do that were told the same file. */
static void test_two_outputs_of_one_name(void **state)
{
    (void)state;
    struct output first;
    struct output second;
    struct report_error error;
    write_line(&first, "first");
    write_line(&second, "second");
    assert_true(output_finish(&first, &error) && output_keep(&first, &error));
    output_close(&first);
    assert_file_holds("first\n");
    assert_true(output_finish(&second, &error) && output_keep(&second, &error));
    output_close(&second);
    assert_file_holds("second\n");
    assert_int_equal(unlink("same.csv"), 0);
    assert_empty();
}

static void test_folder_is_for_one(void **state)
{
    (void)state;
    struct output_folder first;
    struct output_folder second;
    struct report_error error;
    static const char path[] = "locked/deep";
    assert_true(output_folder_open(&first, path, &error));
    assert_false(output_folder_open(&second, path, &error));
    assert_non_null(strstr(error.text, "another run keeps its figures in"));
    assert_int_equal(access(path, F_OK), 0); /* the first still needs it */
    output_folder_close(&first);
    assert_empty();
    assert_true(output_folder_open(&second, path, &error));
    output_folder_close(&second);
    assert_empty();
}

static void assert_refused(const char *path, const char *expected)
{
    struct report_error error = {.text = ""};
    assert_false(output_check(path, &error));
    assert_string_equal(error.text, expected);
}

static void test_check(void **state)
{
    (void)state;
    struct report_error error = {.text = ""};
    FILE *old = fopen("old.csv", "w");
    assert_non_null(old);
    assert_int_equal(fclose(old), 0);
    assert_true(output_check("new.csv", &error));
    assert_true(output_check("./new.csv", &error));
    assert_true(output_check("old.csv", &error));
    assert_true(output_check("/dev/null", &error));
    assert_true(output_check("-", &error));
    assert_string_equal(error.text, "");
    assert_refused("none/x.csv",
                   "cannot write 'none/x.csv': No such file or directory");
    assert_refused("old.csv/x", "cannot write 'old.csv/x': Not a directory");
    assert_refused(".", "cannot write '.': Is a directory");
    assert_int_equal(unlink("old.csv"), 0);
    assert_empty(); /* nothing was made */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_outputs_of_one_name),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_folder_is_for_one),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
