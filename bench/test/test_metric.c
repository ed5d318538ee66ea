/* What a number is called that an expression finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live/metric.h"

static void assert_name(const char *expression, const char *expected)
{
    char name[40];
    metric_name(expression, name, sizeof name);
    assert_string_equal(name, expected);
}

static void test_words_beside_the_number(void **state)
{
    (void)state;
    assert_name("rate ([0-9.]+)", "rate");
    assert_name("SET: ([0-9.]+) requests per second", "requests per second");
    assert_name("^Requests/sec: *([0-9.]+)", "Requests/sec");
    assert_name("tps = ([0-9]+(\\.[0-9]+)?) ", "tps");
    assert_name("[0-9.]+ MB/s", "MB/s");
    assert_name("Total \\(all\\): ([0-9]+)", "Total (all)");
    assert_name("a number that is called by a name of many words: ([0-9]+)",
                "a number that is called by a name of ma");
}

static void test_classes_are_no_words(void **state)
{
    (void)state;
    assert_name("Requests/sec:[[:space:]]+([0-9.]+)", "Requests/sec");
    assert_name("([[:digit:].]+)[^[:digit:]]requests", "requests");
    assert_name("[[.].]x]+ops ([]0-9]+)", "ops");
    assert_name("[[:digit:", "metric");
}

static void test_letters_are_whole(void **state)
{
    (void)state;
    assert_name("a number that is called by a name of m\xc3\xa9: ([0-9]+)",
                "a number that is called by a name of m");
}

static void test_no_words(void **state)
{
    (void)state;
    assert_name("([0-9]+)", "metric");
    assert_name("[[:digit:]]+", "metric");
    assert_name("(", "metric");
    assert_name("[", "metric");
    assert_name("\\", "metric");
    assert_name("{", "metric");
    assert_name("", "metric");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_beside_the_number),
        cmocka_unit_test(test_classes_are_no_words),
        cmocka_unit_test(test_letters_are_whole),
        cmocka_unit_test(test_no_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
