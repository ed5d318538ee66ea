/* Options by a table: values, where they go, and the one line about what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/options.h"

static struct values {
    struct options_list names;
    bool is_on;
    const char *text;
    uint64_t whole, ns;
    uint32_t count;
    double real, share;
    unsigned choice;
} values;

static const char *const words[] = {"none", "first", "all", NULL};

static const struct options_row rows[] = {
    {'a', "append", options_append, .target = &values.names},
    {0, "flag", options_flag, .target = &values.is_on},
    {'t', "text", options_text, .target = &values.text},
    {0, "whole", options_whole, .target = &values.whole},
    {'c', "count", options_count, .target = &values.count, .from = 1, .to = 100},
    {0, "real", options_real, .target = &values.real, .least = 0.5, .most = 2},
    {0, "percent", options_percent, .target = &values.share},
    {0, "seconds", options_seconds, .target = &values.ns, .least = 0.01},
    {0, "choice", options_choice, .target = &values.choice, .choices = words},
    {0, "even", options_whole, .target = &values.whole, .expected = "an even number",
     .to = 2},
};

static void print_help(void)
{
}

static struct options_command command = {"try", print_help, OPERANDS_ANYWHERE, rows,
                                         sizeof rows / sizeof *rows};

enum {
    MOST_WORDS = 16
};

static char line[256];   /* what was said on standard error */
static char operand[64]; /* the first; "" if there is none */

/* Parses the words of `typed`. */
static int parse(const char *typed)
{
    static char text[256];
    char *argv[MOST_WORDS + 1] = {strdup(command.name)};
    int argc = 1;
    snprintf(text, sizeof text, "%s", typed);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    free(values.names.items);
    values = (struct values){.count = 7};
    const int file = memfd_create("stderr", MFD_CLOEXEC);
    const int old = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    int first = argc;
    const int code = options_parse(&command, argc, argv, &first);
    dup2(old, STDERR_FILENO);
    close(old);
    const ssize_t length = pread(file, line, sizeof line - 1, 0);
    line[length > 0 ? length : 0] = '\0';
    close(file);
    snprintf(operand, sizeof operand, "%s", first < argc ? argv[first] : "");
    free(argv[0]);
    return code;
}

static void assert_wrong(const char *typed, const char *said)
{
    char expected[256];
    snprintf(expected, sizeof expected, "snugbench: %s; see 'try --help'\n", said);
    assert_int_equal(parse(typed), EXIT_USAGE);
    assert_string_equal(line, expected);
}

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(parse("-a one --append two --append=three -t x --flag here"), -1);
    assert_int_equal(values.names.count, 3);
    assert_string_equal(values.names.items[0], "one");
    assert_string_equal(values.names.items[2], "three");
    assert_string_equal(values.text, "x");
    assert_true(values.is_on);
    assert_string_equal(operand, "here");
    assert_string_equal(line, "");
    assert_int_equal(parse("--whole 18446744073709551615 -c100 --real 0.5"), -1);
    assert_true(values.whole == UINT64_MAX);
    assert_int_equal(values.count, 100);
    assert_float_equal(values.real, 0.5, 0);
    assert_int_equal(parse("--percent 2.5 --seconds 1.5 --choice all"), -1);
    assert_float_equal(values.share, 0.025, 1e-12);
    assert_int_equal(values.ns, 1500000000);
    assert_int_equal(values.choice, 2);
    assert_string_equal(operand, "");
}

static void test_values_that_do_not_fit(void **state)
{
    (void)state;
    assert_wrong("--whole -1", "--whole takes a whole number, not '-1'");
    assert_wrong("--whole 1e6", "--whole takes a whole number, not '1e6'");
    assert_wrong("--whole 18446744073709551616",
                 "--whole takes a whole number, not '18446744073709551616'");
    assert_wrong("-c 0", "--count takes a number from 1 to 100, not '0'");
    assert_wrong("-c 101", "--count takes a number from 1 to 100, not '101'");
    assert_int_equal(values.count, 7); /* as it was */
    assert_wrong("--real 0.4", "--real takes a number from 0.5 to 2, not '0.4'");
    assert_wrong("--real nan", "--real takes a number from 0.5 to 2, not 'nan'");
    assert_wrong("--percent 101",
                 "--percent takes a percentage from 0 to 100, not '101'");
    assert_wrong("--seconds 0", "--seconds takes a number of seconds from 0.01 to "
                                "1000000, not '0'");
    assert_wrong("--seconds 1s", "--seconds takes a number of seconds from 0.01 to "
                                 "1000000, not '1s'");
    assert_wrong("--seconds 1e7", "--seconds takes a number of seconds from 0.01 to "
                                  "1000000, not '1e7'");
    assert_wrong("--choice fir", "--choice takes none, first or all, not 'fir'");
    assert_wrong("--even 3", "--even takes an even number, not '3'");
}

static void test_wrong_options(void **state)
{
    (void)state;
    assert_wrong("-x", "there is no option '-x'");
    assert_wrong("--bogus", "there is no option '--bogus'");
    assert_wrong("-t", "a value is missing after '-t'");
    assert_wrong("--text", "a value is missing after '--text'");
    assert_wrong("--text --flag", "--text takes a text, not '--flag'");
    assert_wrong("-a -- here", "--append takes a text, not '--'");
    assert_wrong("--flag=3", "no value goes with '--flag=3'");
}

static void test_operands(void **state)
{
    (void)state;
    assert_int_equal(parse("here --flag"), -1);
    assert_true(values.is_on);
    assert_string_equal(operand, "here");
    command.operands = OPERANDS_PROGRAM;
    assert_int_equal(parse("program --flag"), -1);
    assert_false(values.is_on);
    assert_string_equal(operand, "program");
    command.operands = OPERANDS_NONE;
    assert_wrong("here", "try takes no argument 'here'");
    command.operands = OPERANDS_ANYWHERE;
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(parse("--flag --help --bogus"), EXIT_OK);
    assert_int_equal(parse("-h"), EXIT_OK);
    assert_string_equal(line, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_values_that_do_not_fit),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
