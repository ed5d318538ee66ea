/* The header of a .rep file: two or four numbers, on as many lines as they like. */
#ifndef SNUGBENCH_TRACE_FORMATS_REP_HEADER_H
#define SNUGBENCH_TRACE_FORMATS_REP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/fields.h"
#include "trace/trace.h"

struct rep_header {
    uint64_t number[4];
    unsigned count;
};

/* Does a line that begins at `at` (no blank, no comment) belong to the header? */
bool rep_header_is_line(const char *at);
bool rep_header_read_line(struct rep_header *header, struct fields *fields);
bool rep_header_is_complete(const struct rep_header *header);

/* The header is over and not complete; `found` is what came instead. Always false. */
bool rep_header_fail(const struct rep_header *header, const struct fields *fields,
                     const char *found);

/* The part of a course's score that the trace counts for. */
enum trace_weight rep_header_weight(const struct rep_header *header);

/* A note on the sealed trace for each number that the body contradicts. */
void rep_header_note(const struct rep_header *header, struct trace *trace,
                     uint64_t distinct_ids, uint64_t top_id_plus_one,
                     uint64_t op_count);

#endif
