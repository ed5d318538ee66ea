/* A trace written as text while it comes into being: operations one by one, comments
 * between them, the numbers of the header at the end where the file allows it.
 *
 * Errors are kept, as in sink.h: look at trace_writer_finish. */
#ifndef SNUGBENCH_TRACE_FORMATS_REP_WRITE_H
#define SNUGBENCH_TRACE_FORMATS_REP_WRITE_H

#include "trace/sink.h"
#include "trace/trace.h"

enum {
    TRACE_WRITER_BYTES = 4096
};

/* The numbers at the head of a file. Without operations: not known yet. */
struct trace_totals {
    enum trace_weight weight;
    uint64_t ids, operations, peak_live_bytes;
};

struct trace_writer {
    struct sink *sink;
    uint16_t thread; /* of the last 't' line; 0 holds without one */
    bool has_late_head;
    size_t used;
    char lines[TRACE_WRITER_BYTES]; /* on their way to the sink */
};

/* false with error filled in. With unknown totals, they can be told later. */
bool trace_writer_open(struct trace_writer *writer, const char *path,
                       enum sink_effort effort, struct trace_totals totals,
                       struct trace_error *error);

/* A comment stays one comment, whatever is in it: a line end begins a new one. */
void trace_writer_comment(struct trace_writer *writer, const char *text);

/* What the recorder has to say, which readers tell: one line. */
void trace_writer_recorded(struct trace_writer *writer, const char *text);
void trace_writer_op(struct trace_writer *writer, struct trace_op op);

/* As sink_cut: no more is lost if this process is killed than what comes behind it. */
void trace_writer_cut(struct trace_writer *writer);

/* The totals, known at last. Where they cannot be put at the head (.gz .xz .lz4 .bz2, a
 * pipe), it says 0 operations for "not known", and a last line that the trace is
 * whole. */
void trace_writer_total(struct trace_writer *writer, struct trace_totals totals);

/* Writes the rest and names the file; or leaves nothing. */
bool trace_writer_finish(struct trace_writer *writer, struct trace_error *error);
void trace_writer_discard(struct trace_writer *writer);

#endif
