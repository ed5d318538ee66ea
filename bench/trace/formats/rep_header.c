#include "trace/formats/rep_header.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SHORT_COUNT = 2,
    LONG_COUNT = 4,
    WEIGHT_MAX = WEIGHT_THROUGHPUT
};

/* Header lines hold numbers only; an operation has a letter first, or second behind a
   thread number. */
bool rep_header_is_line(const char *at)
{
    if (isalpha((unsigned char)*at)) {
        return false;
    }
    at += strcspn(at, " \t");
    at += strspn(at, " \t");
    return !isalpha((unsigned char)*at);
}

/* What the first line should be. Whatever is text and of no other format comes here. */
static const char beginning[] = "a header of 2 or 4 numbers (or a log of a kind that "
                                "'snugbench convert --help' tells of)";

bool rep_header_read_line(struct rep_header *header, struct fields *fields)
{
    do {
        if (header->count == LONG_COUNT) {
            return fields_fail(fields, "an operation after a header of 4 numbers",
                               fields->at);
        }
        if (!fields_number(fields, UINT64_MAX,
                           header->count == 0 ? beginning
                                              : "a header of 2 or 4 numbers",
                           &header->number[header->count])) {
            return false;
        }
        header->count++;
        fields_skip_blanks(fields);
    } while (*fields->at != '\0');
    return true;
}

bool rep_header_is_complete(const struct rep_header *header)
{
    return header->count == SHORT_COUNT || header->count == LONG_COUNT;
}

bool rep_header_fail(const struct rep_header *header, const struct fields *fields,
                     const char *found)
{
    if (header->count == 0) {
        return input_fail_line(fields->input, fields->error, beginning, found);
    }
    char message[80];
    snprintf(message, sizeof message, "expected a header of 2 or 4 numbers, found %u",
             header->count);
    return input_fail_line(fields->input, fields->error, message, NULL);
}

bool rep_header_is_open(const struct rep_header *header)
{
    return header->count == LONG_COUNT && header->number[2] == 0;
}

static void note(struct trace_builder *builder, const char *what, uint64_t header,
                 uint64_t body)
{
    trace_builder_note(builder,
                       "%s: the header says %" PRIu64 ", the body has %" PRIu64
                       "; the body is used.",
                       what, header, body);
}

/* Classic: a heap size in field 1 and a weight in field 4. Modern: a weight in field 1
   and the peak payload in field 4. */
static bool is_modern(const struct rep_header *header)
{
    return header->number[0] <= WEIGHT_MAX;
}

/* The part of a course's score that the trace counts for. */
static enum trace_weight weight_of(const struct rep_header *header)
{
    if (header->count != LONG_COUNT) {
        return WEIGHT_BOTH;
    }
    const uint64_t weight = header->number[is_modern(header) ? 0 : 3];
    return weight <= WEIGHT_MAX ? (enum trace_weight)weight : WEIGHT_BOTH;
}

void rep_header_apply(const struct rep_header *header, struct trace_builder *builder,
                      uint64_t distinct_ids, uint64_t top_id_plus_one,
                      uint64_t op_count)
{
    const uint64_t *number = header->number;
    bool is_long = header->count == LONG_COUNT;
    uint64_t ids = number[is_long ? 1 : 0];
    uint64_t ops = number[is_long ? 2 : 1];
    trace_builder_set_weight(builder, weight_of(header));
    if (rep_header_is_open(header)) {
        return;
    }
    if (ids != distinct_ids && ids != top_id_plus_one) {
        note(builder, "Number of ids", ids, distinct_ids);
    }
    if (ops != op_count) {
        note(builder, "Number of operations", ops, op_count);
    }
    if (is_long && is_modern(header)) {
        trace_builder_state_peak(builder, number[3]);
    }
}
