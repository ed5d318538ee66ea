/* A cursor through the blank-separated fields of one line of an input. Every taker
 * returns false with the error filled in: `file:line: expected EXPECTED, found TOKEN`.
 */
#ifndef SNUGBENCH_TRACE_FIELDS_H
#define SNUGBENCH_TRACE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "trace/builder.h"
#include "trace/input.h"

struct fields {
    const char *at; /* what has not been taken yet */
    const struct input *input;
    struct trace_error *error;
};

static inline void fields_skip_blanks(struct fields *fields)
{
    while (*fields->at == ' ' || *fields->at == '\t') {
        fields->at++;
    }
}

/* The decimal digits at `at`, all in one step: a loop over them would end with a wrong
 * guess of the processor at most numbers. Returns how many there are, 8 for 8 and more;
 * `value` is set for 1 to 7. */
static inline unsigned fields_digits(const char *at, uint64_t *value)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes); /* the first character is the lowest byte */
    bytes ^= 0x3030303030303030u;     /* digits become 0 to 9 */
    const uint64_t others =
        (bytes | (bytes + 0x7676767676767676u)) & 0x8080808080808080u;
    if (others == 0) {
        return 8;
    }
    const unsigned bits = (unsigned)__builtin_ctzll(others) & ~7u;
    if (bits != 0) {
        bytes <<= 64 - bits; /* zeros in front */
        bytes = bytes * 10 + (bytes >> 8);
        bytes = (bytes & 0x00ff00ff00ff00ffu) * (1 + (100u << 16)) >> 16;
        *value = (bytes & 0x0000ffff0000ffffu) * (1 + ((uint64_t)10000 << 32)) >> 32;
    }
    return bits / 8;
}

/* The same as fields_number, of any length. */
bool fields_any_number(struct fields *fields, uint64_t limit, const char *expected,
                       uint64_t *value);

/* A decimal number below `limit`, alone in its field. */
static inline bool fields_number(struct fields *fields, uint64_t limit,
                                 const char *expected, uint64_t *value)
{
    fields_skip_blanks(fields);
    uint64_t number = 0;
    const unsigned digits = fields_digits(fields->at, &number);
    const char behind = fields->at[digits];
    if (digits == 0 || digits == 8 || number >= limit ||
        (behind != '\0' && behind != ' ' && behind != '\t')) {
        return fields_any_number(fields, limit, expected, value);
    }
    fields->at += digits;
    *value = number;
    return true;
}

/* The same in hexadecimal, with or without 0x. */
bool fields_hex(struct fields *fields, uint64_t limit, const char *expected,
                uint64_t *value);

/* Any address in hexadecimal; (nil) is 0. */
bool fields_address(struct fields *fields, uint64_t *address);

/* Nothing more in this line. */
bool fields_end(struct fields *fields);

/* The field that begins at `at` is not what was expected. Always false. */
bool fields_fail(const struct fields *fields, const char *expected, const char *at);

/* Memory (errno) is lacking to go on at this line. Always false. */
bool fields_fail_memory(const struct fields *fields);

/* Whether a line that could not be read is the last of a log that its program did not
 * come to end, as it was killed: all before is good. A note says so. */
bool fields_forgive_cut(const struct input_line *line, struct trace_builder *builder);

#endif
