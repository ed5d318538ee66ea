/* A file being written: compressed by its ending (.zst .gz .xz .lz4 .bz2, or not),
 * aside in the same directory, and renamed when it is whole; on failure nothing is
 * left. "-" is standard output; what is there and no regular file (/dev/null, a pipe)
 * is written directly.
 *
 * Errors are kept: put as much as you like and look once, at sink_finish. */
#ifndef SNUGBENCH_TRACE_SINK_H
#define SNUGBENCH_TRACE_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

struct sink;

/* Behind the name of a file that grows beside a running program. */
#define SINK_PART_ENDING ".part"

/* What compression may cost. */
enum sink_effort {
    /* Beside a running program. The file grows under its name and SINK_PART_ENDING and
     * stays there should this process be killed. */
    SINK_QUICK,
    SINK_FAIR,
    SINK_HARD, /* as small as possible, for files that are not too large for it */
};

/* NULL with error filled in. */
struct sink *sink_open(const char *path, enum sink_effort effort,
                       struct trace_error *error);

/* The first bytes of the file, 120 at most, to be replaced by as many at the end.
 * Called before anything is put. false: nothing is written, as this file cannot go
 * back. */
bool sink_reserve(struct sink *sink, const char *text);
void sink_fill_reserved(struct sink *sink, const char *text);

void sink_text(struct sink *sink, const char *text);
void sink_put(struct sink *sink, const char *bytes, size_t length);

/* What was put so far is in the file, and can be read whatever becomes of this
 * process. */
void sink_cut(struct sink *sink);

/* Whether something went wrong already, for those who would put much more. */
bool sink_has_failed(const struct sink *sink);

/* Writes the rest, renames, releases `sink`. false with error filled in. */
bool sink_finish(struct sink *sink, struct trace_error *error);

/* Leaves no file, releases `sink`. */
void sink_discard(struct sink *sink);

#endif
