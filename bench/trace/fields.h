/* A cursor through the blank-separated fields of one line. Every taker returns false
 * with the error filled in: `file:line: expected EXPECTED, found TOKEN`. */
#ifndef SNUGBENCH_TRACE_FIELDS_H
#define SNUGBENCH_TRACE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

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

/* A decimal number below `limit`, alone in its field. */
bool fields_number(struct fields *fields, uint64_t limit, const char *expected,
                   uint64_t *value);

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

#endif
