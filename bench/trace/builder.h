/* A trace that is being filled: by a reader, a recording or a generator. Sealing turns
 * it into the trace that is read and replayed.
 *
 * The operations are appended straight into the memfd image that workers map, so a
 * trace is held in memory once. Not thread safe: one builder, one thread. */
#ifndef SNUGBENCH_TRACE_BUILDER_H
#define SNUGBENCH_TRACE_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

struct trace_builder;

/* NULL: out of memory (errno). */
struct trace_builder *trace_builder_create(const char *name, const char *path);
void trace_builder_destroy(struct trace_builder *builder);

/* The smallest empty slot, now taken, 0: out of memory (errno); and its return. */
uint32_t trace_builder_take_slot(struct trace_builder *builder);
void trace_builder_release_slot(struct trace_builder *builder, uint32_t slot);

/* Append one operation. false: out of memory (errno). */
bool trace_builder_append(struct trace_builder *builder, struct trace_op op);
uint64_t trace_builder_op_count(const struct trace_builder *builder);

/* Make `op` a calloc whose factors fit: as given, or swapped, or as one product. false:
 * the product is 2^47 bytes or more. */
bool trace_op_set_calloc(struct trace_op *op, uint64_t count, uint64_t size_bytes);

/* Make `op` an aligned allocation; no power of two is rounded up, as glibc does. false:
 * 2^47 or more. */
bool trace_op_set_memalign(struct trace_op *op, uint64_t alignment);

void trace_builder_set_weight(struct trace_builder *builder, enum trace_weight weight);

/* The peak of live bytes as the file has it: a note tells if its operations do not. */
void trace_builder_state_peak(struct trace_builder *builder, uint64_t bytes);

/* As trace_note and trace_remark, for the trace to come. */
bool trace_builder_note(struct trace_builder *builder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool trace_builder_remark(struct trace_builder *builder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A remark of the recorder, which stays with what is made of the trace. They come
 * before all others. */
bool trace_builder_recorded(struct trace_builder *builder, const char *text);

/* NULL: there is no note. */
const char *trace_builder_last_note(const struct trace_builder *builder);

/* Checks the invariants of op.h, computes peak and counts, appends the epilogue and the
 * sample points, makes the image read-only to workers. The builder is gone either way.
 * NULL with error filled in. O(operations). */
struct trace *trace_builder_seal(struct trace_builder *builder,
                                 struct trace_error *error);

#endif
