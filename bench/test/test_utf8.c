/* What counts as UTF-8 here is what jansson takes, over all beginnings and edges. */
#include "report/utf8.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_as_jansson(const char *text)
{
    json_t *value = json_string(text);
    assert_int_equal(utf8_is_valid(text), value != NULL);
    json_decref(value);
    char copy[16];
    strcpy(copy, text);
    utf8_repair(copy);
    assert_true(utf8_is_valid(copy));
    assert_int_equal(strlen(copy), strlen(text));
}

static void test_every_beginning(void **state)
{
    (void)state;
    static const char *const endings[] = {
        "", "x", "\x80", "\x80\x80", "\xbf\xbf", "\x80x", "\xbf\xbf\xbf"};
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
                char text[8] = {(char)first, (char)second};
                strcpy(text + strlen(text), endings[i]);
                assert_as_jansson(text);
            }
        }
    }
}

static void test_repair(void **state)
{
    (void)state;
    char text[] = "a\xff\xc3\xa4\xe2\x82z\xe2\x82\xac\xf0";
    utf8_repair(text);
    assert_string_equal(text, "a?\xc3\xa4??z\xe2\x82\xac?");
    char empty[] = "";
    utf8_repair(empty);
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_beginning),
        cmocka_unit_test(test_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
