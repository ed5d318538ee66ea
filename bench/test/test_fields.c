/* fields_digits and fields_number against numbers of every length and what may stand
 * behind them. */
#include "trace/fields.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void digits_of_every_length(void **state)
{
    (void)state;
    const char behind[] = {'\0', ' ', '\t', '/', ':', '-', '\x7f', '\xff', '\xb0'};
    uint64_t number = 0;
    for (unsigned digits = 1; digits <= 12; digits++) {
        number = number * 10 + digits % 10;
        for (size_t i = 0; i < sizeof behind; i++) {
            char text[32];
            memset(text, '9', sizeof text);
            const int length = snprintf(text, sizeof text, "%" PRIu64, number);
            text[length] = behind[i];
            uint64_t found = 0;
            assert_int_equal(fields_digits(text, &found), digits < 8 ? digits : 8);
            assert_int_equal(found, digits < 8 ? number : 0);
        }
    }
}

static void no_digit(void **state)
{
    (void)state;
    uint64_t found = 17;
    assert_int_equal(fields_digits("\0001234567", &found), 0);
    assert_int_equal(fields_digits("/1234567", &found), 0);
    assert_int_equal(fields_digits(":1234567", &found), 0);
    assert_int_equal(found, 17);
}

static void every_number_below_ten_thousand(void **state)
{
    (void)state;
    for (uint64_t number = 0; number < 10000; number++) {
        char text[40];
        snprintf(text, sizeof text, " \t%04" PRIu64 " %" PRIu64, number, number);
        struct fields fields = {.at = text};
        uint64_t found = 0;
        assert_true(fields_number(&fields, 10000, "a number", &found));
        assert_int_equal(found, number);
        assert_true(fields_number(&fields, number + 1, "a number", &found));
        assert_int_equal(found, number);
        assert_true(fields_end(&fields));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_of_every_length),
        cmocka_unit_test(no_digit),
        cmocka_unit_test(every_number_below_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
