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
#include "worker/packed.h"
#include "worker/thread_group.h"

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
replay_arrival(struct job *job, void **table, const struct trace_op *op, uint32_t slot,
               void *block, uint64_t bytes, const struct replay_observer *observer)
{
    REPLAY_AFTER_CALL(job, op, bytes);
    if (__builtin_expect(bytes != 0, 1) && __builtin_expect(block == NULL, 0)) {
        return replay_out_of_memory(job, op);
    }
    if (!observer->after_alloc(job, op, block, bytes)) {
        return false;
    }
    table[slot] = block;
    return true;
}

static inline bool __attribute__((always_inline))
replay_malloc(struct job *job, void **table, const struct trace_op *op, uint32_t slot,
              uint64_t bytes, const struct replay_observer *observer)
{
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = malloc(bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a process ends with its failed job */
    return replay_arrival(job, table, op, slot, block, bytes, observer);
}

static inline bool __attribute__((always_inline))
replay_free(struct job *job, void **table, const struct trace_op *op, uint32_t slot,
            const struct replay_observer *observer)
{
    replay_keep_position(job, op, observer);
    if (observer->before_free != NULL && !observer->before_free(job, op)) {
        return false;
    }
    void *block = table[slot];
    REPLAY_BEFORE_CALL();
    free(block);
    REPLAY_AFTER_CALL(job, op, 0);
    table[slot] = NULL;
    return true;
}

static inline bool __attribute__((always_inline))
replay_realloc(struct job *job, void **table, const struct trace_op *op, uint32_t slot,
               uint64_t bytes, const struct replay_observer *observer)
{
    replay_keep_position(job, op, observer);
    if (observer->before_free != NULL && !observer->before_free(job, op)) {
        return false;
    }
    void *block = table[slot];
    REPLAY_BEFORE_CALL();
    block = realloc(block, bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
    return replay_arrival(job, table, op, slot, block, bytes, observer);
}

static inline bool __attribute__((always_inline))
replay_calloc(struct job *job, void **table, const struct trace_op *op, uint32_t slot,
              uint64_t count, uint64_t bytes, const struct replay_observer *observer)
{
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = calloc(count, bytes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
    return replay_arrival(job, table, op, slot, block, bytes * count, observer);
}

static inline bool __attribute__((always_inline))
replay_memalign(struct job *job, void **table, const struct trace_op *op,
                const struct replay_observer *observer)
{
    uint64_t bytes = op->size_bytes;
    replay_keep_position(job, op, observer);
    REPLAY_BEFORE_CALL();
    void *block = memalign((size_t)1 << op->align_log2, bytes);
    return replay_arrival(job, table, op, op->slot, block, bytes, observer);
}

/* What is not packed. */
static inline bool __attribute__((always_inline))
replay_other(struct job *job, void **table, const struct trace_op *op,
             const struct replay_observer *observer)
{
    switch (op->kind) {
    case TRACE_MALLOC:
        return replay_malloc(job, table, op, op->slot, op->size_bytes, observer);
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        return replay_free(job, table, op, op->slot, observer);
    case TRACE_REALLOC:
        return replay_realloc(job, table, op, op->slot, op->size_bytes, observer);
    case TRACE_CALLOC:
        return replay_calloc(job, table, op, op->slot, op->count, op->size_bytes,
                             observer);
    case TRACE_MEMALIGN:
        return replay_memalign(job, table, op, observer);
    default: /* thread and mark operations hold a place in the order only */
        return op->kind < TRACE_KIND_COUNT || thread_group_step(job, op);
    }
}

/* Replay operations [from, to). false: stopped early, status and failed_op are set.
 *
 * The labels lay out the machine code. Each common kind has a copy of its own of the
 * choice of what comes next, and a free behind a malloc takes no jump. The next kind is
 * read before the call: a random order of malloc and free cannot be predicted, and this
 * way a wrong guess is noticed as early as can be. `op` only counts along: what is read
 * is `word`.
 *
 * With the floor, warm, first byte touched (Sapphire Rapids, 2.95 GHz): 2.0 to 2.4 ns
 * an operation where the order of kinds can be predicted, 2.0 ns of them the call
 * through the dynamic linker's address and its return; up to 6 ns where kinds are drawn
 * by lot, since a wrong guess takes 8 ns. All of it hangs on loops that begin at cache
 * lines (Makefile): at other places the same instructions took up to 25 % longer. */
static inline bool __attribute__((always_inline))
replay(struct job *job, uint64_t from, uint64_t to,
       const struct replay_observer *observer)
{
    void **table = job->table;
    const struct trace_op *op = job->ops + from;
    const struct trace_op *end = job->ops + to;
    if (op == end) {
        return true;
    }
    const uint32_t *word = packed_at(job, from);
    unsigned kind = packed_kind(*word);
    if (kind == PACKED_FREE) {
        goto frees;
    }
    if (kind != PACKED_MALLOC) {
        goto others;
    }
mallocs:
    kind = packed_kind(word[2]);
    if (word[1] == 0) {
        __builtin_unreachable();
    }
    if (!replay_malloc(job, table, op, packed_slot(*word), word[1], observer)) {
        return false;
    }
    word += 2;
    op++;
    if (kind == PACKED_MALLOC) {
        goto mallocs;
    }
    if (__builtin_expect(kind != PACKED_FREE, 0)) {
        goto others;
    }
frees:
    kind = packed_kind(word[1]);
    if (!replay_free(job, table, op, packed_slot(*word), observer)) {
        return false;
    }
    word++;
    op++;
    if (kind == PACKED_FREE) {
        goto frees;
    }
    if (kind == PACKED_MALLOC) {
        goto mallocs;
    }
others:
    switch (kind) {
    case PACKED_REALLOC:
        kind = packed_kind(word[2]);
        if (!replay_realloc(job, table, op, packed_slot(*word), word[1], observer)) {
            return false;
        }
        word += 2;
        op++;
        break;
    case PACKED_CALLOC:
        kind = packed_kind(word[3]);
        if (!replay_calloc(job, table, op, packed_slot(*word), word[2], word[1],
                           observer)) {
            return false;
        }
        word += 3;
        op++;
        break;
    case PACKED_OTHER:
        kind = packed_kind(word[1]);
        if (!replay_other(job, table, op, observer)) {
            return false;
        }
        word++;
        op++;
        break;
    default:
        if (op == end) {
            return true;
        }
        kind = packed_kind(word[1]);
        word++;
    }
    if (kind == PACKED_FREE) {
        goto frees;
    }
    if (kind == PACKED_MALLOC) {
        goto mallocs;
    }
    goto others;
}

#endif
