/* A file being written: compressed by its ending (.zst .gz .xz .lz4, or not), aside in
 * the same directory, and renamed when it is whole; on failure nothing is left. "-" is
 * standard output; what is there and no regular file (/dev/null, a pipe) is written
 * directly.
 *
 * Errors are kept: put as much as you like and look once, at output_finish. */
#ifndef SNUGBENCH_TRACE_OUTPUT_H
#define SNUGBENCH_TRACE_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

struct output;

/* `hard`: compress as far as possible, for files that are not too large for it. NULL
 * with error filled in. */
struct output *output_open(const char *path, bool hard, struct trace_error *error);

void output_text(struct output *output, const char *text);
void output_number(struct output *output, uint64_t number);

/* Writes the rest, renames, releases `output`. false with error filled in. */
bool output_finish(struct output *output, struct trace_error *error);

#endif
