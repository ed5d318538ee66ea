/* The header of a .rep file: two or four numbers, on as many lines as they like. */
#ifndef SNUGBENCH_TRACE_FORMATS_REP_HEADER_H
#define SNUGBENCH_TRACE_FORMATS_REP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/builder.h"
#include "trace/fields.h"

/* The last line of a file whose header could not be filled in. */
#define REP_WHOLE "#@ whole"

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

/* The numbers were not known when it was written, and are not filled in. */
bool rep_header_is_open(const struct rep_header *header);

/* The weight; and a note for each number that the body contradicts. */
void rep_header_apply(const struct rep_header *header, struct trace_builder *builder,
                      uint64_t distinct_ids, uint64_t top_id_plus_one,
                      uint64_t op_count);

#endif
