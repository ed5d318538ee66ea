#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/hyperfine.h"
#include "report/programs.h"

static const char header[] = "command,mean,stddev,median,user,system,min,max\n";

/* A file of this text; valid until the next call. */
static const char *file_with(const char *text)
{
    static char path[] = "/tmp/snug-test-programs-XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    return path;
}

static void add(struct program_list *list, const char *rows, unsigned round)
{
    struct report_error error = {.text = ""};
    char text[1000];
    snprintf(text, sizeof text, "%s%s", header, rows);
    const char *path = file_with(text);
    assert_true(hyperfine_read(list, path, round, &error));
    assert_string_equal(error.text, "");
    unlink(path);
}

/* Reading `text` fails with this behind the file's name. */
static void assert_complaint(const char *text, const char *complaint)
{
    struct program_list list = {.count = 0};
    struct report_error error = {.text = ""};
    const char *path = file_with(text);
    assert_false(hyperfine_read(&list, path, 0, &error));
    assert_memory_equal(error.text, path, strlen(path));
    assert_string_equal(error.text + strlen(path), complaint);
    unlink(path);
    program_list_free(&list);
}

static void fill(struct program_list *list)
{
    for (unsigned round = 0; round < 5; round++) {
        /* All slower from round to round: only pairing sees that snug is twice as fast.
         */
        char rows[300];
        const double seconds = 1 + round;
        snprintf(rows, sizeof rows,
                 "sort:snug,%g,0.5,%g,0,0,%g,9\n\"sort:glibc\",%g,0.5,%g,0,0,%g,9\n",
                 seconds, seconds, seconds - 0.5, 2 * seconds, 2 * seconds, seconds);
        add(list, rows, round);
    }
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct program_list list = {.count = 0};
    struct report_error error = {.text = ""};
    const char *path = file_with("\xef\xbb\xbf\"command\",mean,stddev,median,min\n"
                                 "sort:snug,1,0,1,1\n");
    assert_true(hyperfine_read(&list, path, 0, &error));
    assert_int_equal(list.count, 1);
    unlink(path);
    program_list_free(&list);
}

static void test_rounds_are_collected(void **state)
{
    (void)state;
    struct program_list list = {.count = 0};
    fill(&list);
    assert_int_equal(list.count, 2);
    const struct program_times *snug = program_find(&list, "sort", "snug");
    assert_non_null(snug);
    assert_int_equal(snug->count, 5);
    assert_float_equal(snug->medians_s[4].value, 5, 1e-12);
    assert_int_equal(snug->medians_s[4].round, 4);
    assert_float_equal(snug->minimum_s, 0.5, 1e-12);
    assert_float_equal(snug->mean_sum_s, 15, 1e-12);
    assert_false(snug->peak_resident_bytes.present);
    assert_null(program_find(&list, "sort", "jemalloc"));
    program_list_free(&list);
}

static void test_csv(void **state)
{
    (void)state;
    struct program_list list = {.count = 0};
    struct report_error error = {.text = ""};
    fill(&list);
    const char *peaks = file_with("command,peak_resident_bytes\nsort:glibc,2000\n"
                                  "sort:snug,1000\nsort:other,500\n");
    assert_true(hyperfine_read(&list, peaks, 9, &error));
    unlink(peaks);
    char path[] = "/tmp/snug-test-programs-out.csv";
    struct program_summary summary;
    assert_true(program_summary_create(&summary, &list, "glibc", 0.02));
    assert_true(programs_write_csv(&summary, path, &error));
    program_summary_destroy(&summary);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    char lines[4][400];
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(fgets(lines[i], sizeof lines[i], in));
    }
    fclose(in);
    unlink(path);
    assert_non_null(strstr(lines[0], "\"median_s\""));
    assert_non_null(strstr(lines[1], "\"sort\",\"snug\",\"5\",\"3\","));
    assert_non_null(
        strstr(lines[1], ",\"2\",\"2\",\"2\",\"faster\",\"1000\",\"0.5\"\n"));
    assert_non_null(strstr(lines[2], ",\"reference\",\"2000\",\"1\"\n"));
    /* Memory alone: every time is an empty cell. */
    assert_string_equal(lines[3],
                        "\"sort\",\"other\",\"0\",,,,,,,,,,,\"500\",\"0.25\"\n");
    program_list_free(&list);
}

static void test_table(void **state)
{
    (void)state;
    struct program_list list = {.count = 0};
    fill(&list);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct program_summary summary;
    assert_true(program_summary_create(&summary, &list, "glibc", 0.02));
    assert_true(programs_table(out, &summary));
    program_summary_destroy(&summary);
    fclose(out);
    assert_non_null(strstr(text, "2.00x faster"));
    assert_non_null(strstr(text, "3000 ±"));
    free(text);
    program_list_free(&list);
}

static void test_bad_files(void **state)
{
    (void)state;
    char text[300];
    assert_complaint("", ":1: expected a header and rows, found 'the end of the file'");
    assert_complaint(
        "a,b\n1,2\n",
        ":1: expected the header of hyperfine --export-csv, found 'another'");
    snprintf(text, sizeof text, "%ssort,1,1,1,1,1,1,1\n", header);
    assert_complaint(text,
                     ":2: expected a command named PROGRAM:ALLOCATOR, found 'sort'");
    snprintf(text, sizeof text, "%sa:b,1,1,1,1,1,1,1\na:c,1,1,soon,1,1,1,1\n", header);
    assert_complaint(text, ":3: expected a number of 0 or more, found 'soon'");
    snprintf(text, sizeof text, "%sa:b,1,1,0,1,1,1,1\n", header);
    assert_complaint(text, ":2: expected a median above 0, found '0'");
    struct program_list list = {.count = 0};
    struct report_error error = {.text = ""};
    assert_false(hyperfine_read(&list, "/nowhere.csv", 0, &error));
    assert_string_equal(error.text,
                        "cannot read '/nowhere.csv': No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_rounds_are_collected),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
