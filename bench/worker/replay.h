/* The one replay loop. Every mode is an instance of it with its own constant observer,
 * so that what a mode does not need is not in its machine code.
 *
 * The calls are plain malloc and free, as a program's are: through the address that the
 * dynamic linker left, without a stub before it (-fno-plt). */
#ifndef SNUGBENCH_WORKER_REPLAY_H
#define SNUGBENCH_WORKER_REPLAY_H

#include <malloc.h>
#include <stdlib.h>

#include "worker/job.h"
#include "worker/message.h"
#include "worker/thread_group.h"

/* In the place of a kind: nothing is left to replay. */
enum {
    REPLAY_END = TRACE_KIND_COUNT
};

/* What a mode adds to the bare calls. `before_free` runs before a free or a realloc;
 * `after_alloc` after an allocation, while the table still holds the slot's former
 * block. Both are called with failures already excluded: `block` is NULL only for 0
 * bytes. false: stop, the record says why. */
struct replay_observer {
    bool keeps_position; /* store each operation's place in the record */
    bool (*before_free)(struct job *job, const struct trace_op *op);
    bool (*after_alloc)(struct job *job, const struct trace_op *op,
                        unsigned char *block, uint64_t bytes);
};

/* What stands next to each call, with nothing between. The latency mode alone defines
 * them, to read a clock. They are text, not members of the observer: one that is absent
 * and costs nothing still had gcc lay out the branches of the loop in another order,
 * which moved the floor's time by up to 20 %, either way. */
#ifndef REPLAY_BEFORE_CALL
#define REPLAY_BEFORE_CALL()
#define REPLAY_AFTER_CALL(job, op, bytes)
#endif

static bool __attribute__((noinline, cold, unused))
replay_out_of_memory(struct job *job, const struct trace_op *op)
{
    uint64_t number = job_begin_failure_at(job, op);
    message_add(job->record, " returned NULL");
    return job_fail(job, WORKER_OUT_OF_MEMORY, number);
}

static inline void __attribute__((always_inline))
replay_keep_position(struct job *job, const struct trace_op *op,
                     const struct replay_observer *observer)
{
    if (observer->keeps_position) {
        job->record->current_op = (uint64_t)(op - job->ops) + 1;
    }
}

/* The allocator has answered with `block`; `bytes` is all that was asked for. */
static inline bool __attribute__((always_inline))
replay_arrival(struct job *job, void **table, const struct trace_op *op, void *block,
               uint64_t bytes, const struct replay_observer *observer)
{
    REPLAY_AFTER_CALL(job, op, bytes);
    if (__builtin_expect(bytes != 0, 1) && __builtin_expect(block == NULL, 0)) {
        return replay_out_of_memory(job, op);
    }
    if (!observer->after_alloc(job, op, block, bytes)) {
        return false;
    }
    table[op->slot] = block;
    return true;
}

static inline bool __attribute__((always_inline))
replay_malloc(struct job *job, void **table, const struct trace_op *op,
              const struct replay_observer *observer)
{
    uint64_t bytes = op->size_bytes;
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = malloc(bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a process ends with its failed job */
    return replay_arrival(job, table, op, block, bytes, observer);
}

static inline bool __attribute__((always_inline))
replay_free(struct job *job, void **table, const struct trace_op *op,
            const struct replay_observer *observer)
{
    replay_keep_position(job, op, observer);
    if (observer->before_free != NULL && !observer->before_free(job, op)) {
        return false;
    }
    void *block = table[op->slot];
    REPLAY_BEFORE_CALL();
    free(block);
    REPLAY_AFTER_CALL(job, op, 0);
    table[op->slot] = NULL;
    return true;
}

static inline bool __attribute__((always_inline))
replay_realloc(struct job *job, void **table, const struct trace_op *op,
               const struct replay_observer *observer)
{
    uint64_t bytes = op->size_bytes;
    replay_keep_position(job, op, observer);
    if (observer->before_free != NULL && !observer->before_free(job, op)) {
        return false;
    }
    void *block = table[op->slot];
    REPLAY_BEFORE_CALL();
    block = realloc(block, bytes);
    return replay_arrival(job, table, op, block, bytes, observer);
}

static inline bool __attribute__((always_inline))
replay_calloc(struct job *job, void **table, const struct trace_op *op,
              const struct replay_observer *observer)
{
    uint64_t bytes = op->size_bytes;
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = calloc(op->count, bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
    return replay_arrival(job, table, op, block, bytes * op->count, observer);
}

static inline bool __attribute__((always_inline))
replay_memalign(struct job *job, void **table, const struct trace_op *op,
                const struct replay_observer *observer)
{
    uint64_t bytes = op->size_bytes;
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = memalign((size_t)1 << op->align_log2, bytes);
    return replay_arrival(job, table, op, block, bytes, observer);
}

/* Any kind but the two common ones. */
static inline bool __attribute__((always_inline))
replay_other(struct job *job, void **table, const struct trace_op *op,
             const struct replay_observer *observer)
{
    switch (op->kind) {
    case TRACE_FREE_SIZED:
        return replay_free(job, table, op, observer);
    case TRACE_REALLOC:
        return replay_realloc(job, table, op, observer);
    case TRACE_CALLOC:
        return replay_calloc(job, table, op, observer);
    case TRACE_MEMALIGN:
        return replay_memalign(job, table, op, observer);
    default: /* thread and mark operations hold a place in the order only */
        return op->kind < TRACE_KIND_COUNT || thread_group_step(job, op);
    }
}

/* Reads `end` too (see job.h), so that no branch stands before the read. */
static inline unsigned __attribute__((always_inline))
replay_kind(const struct trace_op *op, const struct trace_op *end)
{
    unsigned kind = op->kind;
    return op == end ? REPLAY_END : kind;
}

/* Replay operations [from, to). false: stopped early, status and failed_op are set.
 *
 * The labels lay out the machine code. Each common kind has a copy of its own of the
 * choice of what comes next, and a free behind a malloc takes no jump. With nested
 * loops in their place, or without the hint before `others`, gcc lays it out otherwise
 * and the floor is 12 to 15 % slower. The next kind is read before the call: a random
 * order of malloc and free cannot be predicted, and this way a wrong guess is noticed
 * as early as can be.
 *
 * With the floor, warm, first byte touched (Sapphire Rapids, 2.95 GHz): a call through
 * the dynamic linker's address and its return alone take 2.0 ns, so 2.2 to 3.0 ns an
 * operation are the calls and the write; where kinds are drawn by lot 5.8 to 6.2 ns,
 * since a wrong guess takes 8 ns. */
static inline bool __attribute__((always_inline))
replay(struct job *job, uint64_t from, uint64_t to,
       const struct replay_observer *observer)
{
    void **table = job->table;
    const struct trace_op *op = job->ops + from;
    const struct trace_op *end = job->ops + to;
    unsigned kind = replay_kind(op, end);
    if (kind == TRACE_FREE) {
        goto frees;
    }
    if (kind != TRACE_MALLOC) {
        goto others;
    }
mallocs:
    kind = replay_kind(op + 1, end);
    if (!replay_malloc(job, table, op, observer)) {
        return false;
    }
    op++;
    if (kind == TRACE_MALLOC) {
        goto mallocs;
    }
    if (__builtin_expect(kind != TRACE_FREE, 0)) {
        goto others;
    }
frees:
    kind = replay_kind(op + 1, end);
    if (!replay_free(job, table, op, observer)) {
        return false;
    }
    op++;
    if (kind == TRACE_FREE) {
        goto frees;
    }
    if (kind == TRACE_MALLOC) {
        goto mallocs;
    }
others:
    if (kind == REPLAY_END) {
        return true;
    }
    kind = replay_kind(op + 1, end);
    if (!replay_other(job, table, op, observer)) {
        return false;
    }
    op++;
    if (kind == TRACE_FREE) {
        goto frees;
    }
    if (kind == TRACE_MALLOC) {
        goto mallocs;
    }
    goto others;
}

#endif
