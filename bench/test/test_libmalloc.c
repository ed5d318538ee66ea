/* The reader of Apple's libmalloc_replay: a golden file, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void every_call_of_a_file(void **state)
{
    (void)state;
    golden_reads("libmalloc.mtrace", "libmalloc", "libmalloc.dump");
}

/* Tag, version and length of a chunk of events. */
#define EVENTS(length) "\x01\xe0\x01\xe0\x01\x00\x01\x00" length "\0\0\0\0\0\0\0"
static void errors_name_byte_and_reason(void **state)
{
    (void)state;
    static const struct binary_row rows[] = {
        BINARY_ROW("\x01\xe0\x01\xe0",
                   ": at byte 0: expected a chunk, found the end of the file"),
        BINARY_ROW(
            "\x01\xe0\x01\xe0\x01\x00\x02\x00\x0a\0\0\0\0\0\0\0",
            ": at byte 0: expected events of version 1.1, found another version"),
        BINARY_ROW(
            EVENTS("\x0a") "\x02\x00\x10\0\0\0",
            ": at byte 16: expected the rest of a chunk, found the end of the file"),
        BINARY_ROW(EVENTS("\x0a") "\x07\x00\x10\0\0\0\0\0\0\0",
                   ": at byte 16: expected a call (1 to 6), found another opcode"),
        BINARY_ROW(EVENTS("\x0a") "\x01\x00\x10\0\0\0\0\0\0\0",
                   ": at byte 16: expected a whole call, found the end of its chunk"),
        BINARY_ROW(
            EVENTS("\x12") "\x05\x00\x10\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            ": at byte 16: expected a product below 2^47, found one beyond"),
        BINARY_ROW(EVENTS("\x00"), ": expected a call, found none"),
    };
    binary_errors_are("libmalloc", rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_a_file),
        cmocka_unit_test(errors_name_byte_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
