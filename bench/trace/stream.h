/* The streams of a trace with several threads: the operations of each thread by
 * themselves, so that as many threads can replay them. An image of its own, beside that
 * of the trace, mapped read-only by workers:
 *
 *     page 0      struct stream_header
 *     next        thread_count + 1 numbers: where the operations of each thread begin,
 *                 and last where the epilogue does
 *     next        op_count operations, thread by thread, then epilogue_count frees
 *
 * What orders one thread after another stands among the operations:
 *
 *     STREAM_PUBLISH   behind an operation on a block that another thread goes on with
 *     STREAM_AWAIT     before that thread's operation, for the same word
 *     STREAM_SPAWN     where a thread begins
 *
 * A word is used once in a pass, by one thread on each side. No word is there for what
 * is in order anyway: a thread that has waited for one operation of another knows of
 * all that the other did before, and so does a thread of the one that began it.
 *
 * Slots are those of one pointer table for all. A block that only one thread touches
 * has a slot of that thread's own range, reused, smallest free first; slot 0 of that
 * range always holds NULL. A block that several touch has a slot that is used once, so
 * that no allocation waits for another thread's free. Ranges of two threads share no
 * cache line.
 *
 * Invariant: whatever is waited for stands earlier in the one total order of the trace,
 * so that no replay can end in a deadlock. */
#ifndef SNUGBENCH_TRACE_STREAM_H
#define SNUGBENCH_TRACE_STREAM_H

#include <stdint.h>

#include "trace/op.h"

/* Kinds of operations beyond those of op.h; TRACE_KIND_COUNT itself is left out, as the
 * replay loop has it for its end. */
enum stream_op_kind {
    STREAM_PUBLISH = TRACE_KIND_COUNT + 1, /* word `slot` */
    STREAM_AWAIT,                          /* word `slot` */
    STREAM_SPAWN, /* thread `slot` begins, once size_bytes threads have ended */
};

#define STREAM_MAGIC 0x316d6165727473ull

struct stream_header {
    uint64_t magic;
    uint64_t thread_count;
    uint64_t begun_count;  /* threads that have operations */
    uint64_t seat_count;   /* threads that are there at once, at most */
    uint64_t first_thread; /* that did the first operation: nobody spawns it */
    uint64_t op_count;     /* what orders the threads included, the epilogue not */
    uint64_t epilogue_count;
    uint64_t slot_count;
    uint64_t word_count;
    uint64_t begins_offset; /* bytes from the start of the image */
    uint64_t ops_offset;
};

static inline const uint64_t *stream_begins(const struct stream_header *header)
{
    return (const uint64_t *)(const void *)((const char *)header +
                                            header->begins_offset);
}

static inline const struct trace_op *stream_ops(const struct stream_header *header)
{
    return (const struct trace_op *)(const void *)((const char *)header +
                                                   header->ops_offset);
}

/* The place in the total order of `trace_ops`, from 1, of the operation at `index` of
 * the streams. O(operations). */
static inline uint64_t stream_number(const struct stream_header *header,
                                     uint64_t trace_op_count,
                                     const struct trace_op *trace_ops, uint64_t index)
{
    const struct trace_op *ops = stream_ops(header);
    if (index >= header->op_count) {
        return trace_op_count + (index - header->op_count) + 1;
    }
    const uint16_t thread = ops[index].thread;
    uint64_t before = 0; /* operations of the trace that the thread did before it */
    for (uint64_t i = stream_begins(header)[thread]; i < index; i++) {
        before += ops[i].kind < TRACE_KIND_COUNT;
    }
    uint64_t number = 0;
    while (number < trace_op_count) {
        if (trace_ops[number++].thread == thread && before-- == 0) {
            break;
        }
    }
    return number;
}

#endif
