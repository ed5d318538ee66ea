#include "trace/fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGITS_BELOW_OVERFLOW = 19 /* any number of so many is below 2^64 */
};

bool fields_fail(const struct fields *fields, const char *expected, const char *at)
{
    int length = (int)strcspn(at, " \t");
    if (length == 0) {
        char message[160];
        snprintf(message, sizeof message, "expected %s, found the end of the line",
                 expected);
        return input_fail_line(fields->input, fields->error, message, NULL);
    }
    char token[64]; /* more than is shown, so that what is cut gets its "..." */
    snprintf(token, sizeof token, "%.*s", length, at);
    return input_fail_line(fields->input, fields->error, expected, token);
}

bool fields_fail_memory(const struct fields *fields)
{
    char message[120];
    snprintf(message, sizeof message, "no memory to go on: %s", strerror(errno));
    return input_fail_line(fields->input, fields->error, message, NULL);
}

bool fields_forgive_cut(const struct input_line *line, struct trace_builder *builder)
{
    return line->number > 1 && !line->is_ended &&
           trace_builder_note(builder, "The log is cut off in its last line, which is "
                                       "left out; its program was killed?");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Is the number that begins here 2^64 or more? */
static bool overflows(const char *at)
{
    uint64_t number = 0;
    for (; is_digit(*at); at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            return true;
        }
    }
    return false;
}

bool fields_any_number(struct fields *fields, uint64_t limit, const char *expected,
                       uint64_t *value)
{
    const char *at = fields->at;
    uint64_t number = 0;
    for (; is_digit(*at); at++) {
        number = number * 10 + (uint64_t)(*at - '0');
    }
    if (at - fields->at > DIGITS_BELOW_OVERFLOW && overflows(fields->at)) {
        return fields_fail(fields, expected, fields->at);
    }
    bool ends = *at == '\0' || *at == ' ' || *at == '\t';
    if (at == fields->at || !ends || number >= limit) {
        return fields_fail(fields, expected, fields->at);
    }
    fields->at = at;
    *value = number;
    return true;
}

/* The value of a hexadecimal digit; 16: it is none. */
static unsigned hex_digit(char c)
{
    if (is_digit(c)) {
        return (unsigned)(c - '0');
    }
    c |= 0x20; /* small letters and capitals alike */
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool fields_hex(struct fields *fields, uint64_t limit, const char *expected,
                uint64_t *value)
{
    fields_skip_blanks(fields);
    const char *first = fields->at;
    if (first[0] == '0' && first[1] == 'x') {
        first += 2;
    }
    const char *at = first;
    uint64_t number = 0;
    bool fits = true;
    for (; hex_digit(*at) < 16; at++) {
        fits = fits && number >> 60 == 0;
        number = number << 4 | hex_digit(*at);
    }
    bool ends = *at == '\0' || *at == ' ' || *at == '\t';
    if (at == first || !ends || !fits || (limit != UINT64_MAX && number >= limit)) {
        return fields_fail(fields, expected, fields->at);
    }
    fields->at = at;
    *value = number;
    return true;
}

bool fields_address(struct fields *fields, uint64_t *address)
{
    static const char nil[] = "(nil)";
    const size_t length = sizeof nil - 1;
    fields_skip_blanks(fields);
    if (strncmp(fields->at, nil, length) == 0 &&
        strchr(" \t", fields->at[length]) != NULL) {
        fields->at += length;
        *address = 0;
        return true;
    }
    return fields_hex(fields, UINT64_MAX, "a hexadecimal address", address);
}

bool fields_end(struct fields *fields)
{
    fields_skip_blanks(fields);
    if (*fields->at != '\0') {
        return fields_fail(fields, "the end of the line", fields->at);
    }
    return true;
}
