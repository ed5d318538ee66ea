/* A sealed trace in the parent: what is read, shown, written and replayed. It comes
 * from trace_read, a recording or a generator; see trace/builder.h. */
#ifndef SNUGBENCH_TRACE_TRACE_H
#define SNUGBENCH_TRACE_TRACE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/op.h"

/* What went wrong, as the one line that is shown: "file:line: expected ..., found ...".
 */
struct trace_error {
    char text[512];
};

/* Which part of a course's score a trace counts for: the numbers of the .rep header. */
enum trace_weight {
    WEIGHT_NONE,
    WEIGHT_BOTH,
    WEIGHT_UTILIZATION,
    WEIGHT_THROUGHPUT,
};

struct trace {
    char *name; /* the file's base name without its endings, or the model's name */
    char *path; /* as given; "-" is standard input */
    const char *format; /* that it was read in; NULL: made here */
    int memfd;
    struct trace_header *header; /* start of the mapping */
    struct trace_op *ops;        /* op_count, then epilogue_count */
    const uint64_t *samples;     /* sample_count, ascending; i means "when i operations
                                    are done", so peak_live_op + 1 is always among
                                    them */
    size_t mapped_bytes;
    enum trace_weight weight; /* WEIGHT_BOTH unless the file says otherwise */
    /* What a reader dropped or repaired, each a full sentence for the user; may be
     * NULL. */
    char **notes;
    size_t note_count;
    /* The same for what is replayed as it stands, but is good to know. */
    char **remarks;
    size_t remark_count;
    size_t recorded_count; /* so many of them, the first, are what the recorder noted in
                              the file; what is made of the trace keeps them */
};

void trace_destroy(struct trace *trace);

/* Remember a sentence (printf-like) about what was dropped or repaired. false: out of
 * memory. trace_add_remark: about what was not. */
bool trace_note(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool trace_add_note(struct trace *trace, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
bool trace_add_remark(struct trace *trace, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Read any supported file: format and compression are recognised by content. "-" is
 * standard input. NULL with error filled in. Sealed on return. */
struct trace *trace_read(const char *path, struct trace_error *error);

/* The same in a format that is known; NULL: recognised by content. */
struct trace_format;
struct trace *trace_read_as(const char *path, const struct trace_format *format,
                            struct trace_error *error);

/* Write as text (.rep, see bench/trace/README.md), compressed by the path's ending
 * (.zst .gz .xz .lz4 .bz2, or not); "-" is standard output. Written aside, then
 * renamed. `comments`: provenance lines, NULL-terminated array or NULL. */
bool trace_write(const struct trace *trace, const char *path,
                 const char *const *comments, struct trace_error *error);

#endif
