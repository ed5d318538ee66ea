/* A trace in the parent: built by a reader or a generator, sealed once, then replayed.
 *
 * The operations are appended straight into the memfd image that workers map, so a
 * trace is held in memory once. Not thread safe: one builder, one thread. */
#ifndef SNUGBENCH_TRACE_TRACE_H
#define SNUGBENCH_TRACE_TRACE_H

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
    int memfd;
    struct trace_header *header; /* start of the mapping */
    struct trace_op *ops;        /* op_count, then epilogue_count */
    const uint64_t *samples;     /* sample_count, valid once sealed; ascending; i means
                                    "when i operations are done", so peak_live_op + 1 is
                                    always among them */
    size_t mapped_bytes;
    enum trace_weight weight; /* WEIGHT_BOTH unless the file says otherwise */
    /* What a reader dropped or repaired, each a full sentence for the user; may be
     * NULL. */
    char **notes;
    size_t note_count;
    /* The same for what is replayed as it stands, but is good to know. */
    char **remarks;
    size_t remark_count;
    struct trace_builder *builder; /* NULL once sealed */
};

/* An empty trace that takes operations. NULL: out of memory (errno). */
struct trace *trace_create(const char *name, const char *path);
void trace_destroy(struct trace *trace);

/* The smallest empty slot, now taken, 0: out of memory (errno); and its return. */
uint32_t trace_slot_take(struct trace *trace);
void trace_slot_release(struct trace *trace, uint32_t slot);

/* Append one operation. false: out of memory (errno). */
bool trace_append(struct trace *trace, struct trace_op op);

/* Make `op` a calloc whose factors fit: as given, or swapped, or as one product. false:
 * the product is 2^47 bytes or more. */
bool trace_op_set_calloc(struct trace_op *op, uint64_t count, uint64_t size_bytes);

/* Remember a sentence (printf-like): about what was dropped or repaired; about what was
 * not. */
bool trace_note(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool trace_remark(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* End of building: checks the invariants of op.h, computes peak and counts, appends the
 * epilogue and the sample points, makes the image read-only to workers. O(ops). */
bool trace_seal(struct trace *trace, struct trace_error *error);

/* Read any supported file: format and compression are recognised by content. "-" is
 * standard input. NULL with error filled in. Sealed on return. */
struct trace *trace_read(const char *path, struct trace_error *error);

/* Write as text (.rep superset; FORMATS in bench/trace/README.md); compression by
 * ending
 * (.zst .gz .xz .lz4 or none); "-" is standard output. Written aside, then renamed.
 * `comments`: provenance lines, NULL-terminated array or NULL. */
bool trace_write(const struct trace *trace, const char *path,
                 const char *const *comments, struct trace_error *error);

#endif
