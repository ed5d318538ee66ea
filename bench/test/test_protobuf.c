/* The reader of ClaytonKnittel/malloc-bench: golden files, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void every_call_of_a_trace(void **state)
{
    (void)state;
    golden_reads("protobuf.trace", "protobuf", "protobuf.dump");
    golden_reads("protobuf.trace.gz", "protobuf", "protobuf.dump");
}

static void text_is_not_taken(void **state)
{
    (void)state;
    is_recognised("\n1 2\na 0 1\n", 11, "rep");
    is_recognised("\n\n\n\n", 4, "rep");
    is_recognised("\n\x06\n\x04\x08\x00\x10", 7, NULL); /* cut off */
    is_recognised("\n\x06\n\x04\x08\x00\x10\x05", 8, "protobuf");
}

static void errors_name_byte_and_reason(void **state)
{
    (void)state;
    static const struct binary_row rows[] = {
        BINARY_ROW(
            "\n\x06\n\x04\x08\x00\x10",
            ": at byte 0: expected the rest of a message, found the end of the file"),
        BINARY_ROW("\n\x06\n\x04\x08\x00\x10\x05\n\x06\n\x07\x08\x00\x10\x05",
                   ": at byte 8: expected a call, found damaged data"),
        BINARY_ROW("\x0b\x00",
                   ": at byte 0: expected a call, found a field of an unknown kind"),
        BINARY_ROW("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
                   ": at byte 0: expected a number below 2^64, found a larger one"),
        BINARY_ROW("\n\x81\x02",
                   ": at byte 0: expected a call of at most 256 bytes, found a "
                   "longer one"),
        BINARY_ROW("\n\x02*\x00",
                   ": at byte 0: expected malloc, free, realloc or calloc, found "
                   "a call of an unknown kind"),
        BINARY_ROW("\n\x0c\n\n\x08\x00\x10\x80\x80\x80\x80\x80\x80 ",
                   ": at byte 0: expected a size below 2^47, found one beyond"),
        BINARY_ROW("\n\x0e\n\x0c\x08\x00\x10\x05\x18\x81\x80\x80\x80\x80\x80\x40",
                   ": at byte 0: expected an alignment below 2^47, found one beyond"),
        BINARY_ROW("\n\x0d\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                   ": at byte 0: expected a block below 2^63, found one beyond"),
        BINARY_ROW("\x10\x04", ": expected a call, found none"),
    };
    binary_errors_are("protobuf", rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_a_trace),
        cmocka_unit_test(text_is_not_taken),
        cmocka_unit_test(errors_name_byte_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
