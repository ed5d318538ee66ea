/* Lines in a caller's buffer, and numbers that are read from text. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

enum {
    LINE_BYTES = 200
};

/* The same line by text_format and by stdio. */
#define CHECK_AS_PRINTF(...)                                                           \
    do {                                                                               \
        char ours_[LINE_BYTES];                                                        \
        char theirs_[LINE_BYTES];                                                      \
        struct text text_ = {ours_, sizeof ours_, 0};                                  \
        text_format(&text_, __VA_ARGS__);                                              \
        const int length_ = snprintf(theirs_, sizeof theirs_, __VA_ARGS__);            \
        assert_string_equal(ours_, theirs_);                                           \
        assert_int_equal(text_.length, length_);                                       \
    } while (0)

static void a_line_is_as_printf_has_it(void **state)
{
    (void)state;
    const size_t numbers[] = {0, 9, 10, 4096, SIZE_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK_AS_PRINTF("%zu bytes, %zx", numbers[i], numbers[i]);
    }
    CHECK_AS_PRINTF("%d of %d", 0, INT_MAX);
    CHECK_AS_PRINTF("at %p in %s()", (void *)state, "main");
    CHECK_AS_PRINTF("no conversion");
}

/* The text behind the part that is wanted need not end. */
static void a_part_of_a_text_is_printed(void **state)
{
    (void)state;
    const char unended[] = {'a', 'b', 'c', 'd'};
    CHECK_AS_PRINTF("<%.*s>", (int)sizeof unended, unended);
    CHECK_AS_PRINTF("<%.*s>", 2, "purge=never");
    CHECK_AS_PRINTF("<%.*s>", 0, "purge");
    CHECK_AS_PRINTF("<%.*s>", 100, "purge");
}

/* Several pieces, and what has no place is dropped, up to the last byte. */
static void what_does_not_fit_is_dropped(void **state)
{
    (void)state;
    char buffer[] = "0123456789abcdef";
    struct text text = {buffer, 11, 0};
    text_format(&text, "%s", "1234");
    text_format(&text, "%s", "567");
    assert_string_equal(buffer, "1234567");
    text_format(&text, "%zu%s", (size_t)890123, "more");
    assert_string_equal(buffer, "1234567890");
    assert_string_equal(buffer + text.capacity, "bcdef");
    assert_int_equal(text.length, 10);
}

static void numbers_may_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t number;
    } rows[] = {
        {"0", 0},
        {"65536", 65536},
        {"3K", 3 * KIB},
        {"20M", 20 * MIB},
        {"2G", 2048 * MIB},
        {"140737488289792", REQUEST_LIMIT_BYTES},
        {"140737488289793", SIZE_MAX},
        {"131071G", 131071 * 1024 * MIB},
        {"131072G", SIZE_MAX},
        {"18446744073709551617", SIZE_MAX},
        {"", SIZE_MAX},
        {"K", SIZE_MAX},
        {"1k", SIZE_MAX},
        {"1KK", SIZE_MAX},
        {"-1", SIZE_MAX},
        {" 1", SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(text_to_number(rows[i].text, strlen(rows[i].text)),
                         rows[i].number);
    }
    assert_int_equal(text_to_number("12345", 2), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_as_printf_has_it),
        cmocka_unit_test(a_part_of_a_text_is_printed),
        cmocka_unit_test(what_does_not_fit_is_dropped),
        cmocka_unit_test(numbers_may_have_a_unit),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
