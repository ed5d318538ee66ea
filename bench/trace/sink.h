/* A file being written: compressed by its ending (.zst .gz .xz .lz4, or not), aside in
 * the same directory, and renamed when it is whole; on failure nothing is left. "-" is
 * standard output; what is there and no regular file (/dev/null, a pipe) is written
 * directly.
 *
 * Errors are kept: put as much as you like and look once, at sink_finish. */
#ifndef SNUGBENCH_TRACE_SINK_H
#define SNUGBENCH_TRACE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

struct sink;

/* `hard`: compress as far as possible, for files that are not too large for it. NULL
 * with error filled in. */
struct sink *sink_open(const char *path, bool hard, struct trace_error *error);

void sink_text(struct sink *sink, const char *text);
void sink_number(struct sink *sink, uint64_t number);

/* Writes the rest, renames, releases `sink`. false with error filled in. */
bool sink_finish(struct sink *sink, struct trace_error *error);

#endif
