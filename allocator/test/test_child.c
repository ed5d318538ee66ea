/* What the other tests report by: the end of a child and its words. */
#include "snug.h"

#include "child.h"

static unsigned long long number = 3;

static void says_something_wrong(void)
{
    CHECK(number == 4);
}

static void finds_numbers_unequal(void)
{
    CHECK_NUMBERS(number, ==, 4);
}

static void finds_numbers_equal(void)
{
    CHECK_NUMBERS(number, <, 3);
}

static void says_nothing_wrong(void)
{
    CHECK(number == 3);
    CHECK_NUMBERS(number, <=, 3);
    CHECK_HEAP();
}

static void expect(void (*body)(void), const char *words)
{
    const struct child_result result = child_run(body);
    assert_true(WIFEXITED(result.status));
    assert_int_equal(WEXITSTATUS(result.status), *words != '\0' ? CHILD_FAILED : 0);
    const char *const found = strstr(result.errors, "not so: ");
    assert_string_equal(found != NULL ? found : "", words);
}

static void a_failure_says_what_it_found(void **state)
{
    (void)state;
    expect(says_nothing_wrong, "");
    expect(says_something_wrong, "not so: number == 4\n");
    expect(finds_numbers_unequal, "not so: number == 4 (3, 4)\n");
    expect(finds_numbers_equal, "not so: number < 3 (3, 3)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_says_what_it_found),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
