/* The one replay loop. Every mode is an instance of it with its own constant observer,
 * so that what a mode does not need is not in its machine code.
 *
 * The calls are plain malloc and free through the PLT, as a program's are. */
#ifndef SNUGBENCH_WORKER_REPLAY_H
#define SNUGBENCH_WORKER_REPLAY_H

#include <malloc.h>
#include <stdlib.h>

#include "worker/job.h"
#include "worker/message.h"

/* What a mode adds to the bare calls. `leave` runs before a free or a realloc; `arrive`
 * after an allocation, while the table still holds the slot's former block. Both are
 * called with failures already excluded: `block` is NULL only for 0 bytes. false: stop,
 * the record says why. */
struct replay_observer {
    bool keeps_position; /* store each operation's number in the record */
    bool (*leave)(struct job *job, const struct trace_op *op);
    bool (*arrive)(struct job *job, const struct trace_op *op, unsigned char *block,
                   uint64_t bytes);
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
    uint64_t number = (uint64_t)(op - job->ops) + 1;
    message_add_call(job->record, number, op);
    message_add(job->record, " returned NULL");
    return job_fail(job, WORKER_OUT_OF_MEMORY, number);
}

static inline bool __attribute__((always_inline))
replay_free(struct job *job, void **table, const struct trace_op *op,
            const struct replay_observer *observer)
{
    if (observer->leave != NULL && !observer->leave(job, op)) {
        return false;
    }
    void *block = table[op->slot];
    REPLAY_BEFORE_CALL();
    free(block);
    REPLAY_AFTER_CALL(job, op, 0);
    table[op->slot] = NULL;
    return true;
}

/* Replay operations [from, to). false: stopped early, status and failed_op are set.
 *
 * The two common kinds are plain branches before the switch, and the next kind is read
 * before the call: a random order of malloc and free cannot be predicted, and this way
 * a wrong guess is noticed as early as can be. With the floor, warm, first byte
 * touched, on a 2-core EPYC: 1.8 to 3.1 ns on the recorded programs, 5.5 where kinds
 * are drawn by lot, most of that the wrong guesses themselves (the switch alone: 8.0).
 */
static inline bool __attribute__((always_inline))
replay(struct job *job, uint64_t from, uint64_t to,
       const struct replay_observer *observer)
{
    void **table = job->table;
    const struct trace_op *end = job->ops + to;
    unsigned next_kind = job->ops[from].kind;
    for (const struct trace_op *op = job->ops + from; op < end; op++) {
        unsigned kind = next_kind;
        uint64_t bytes = op->size_bytes;
        void *block;
        next_kind = op[1].kind; /* readable: see job.h */
        if (observer->keeps_position) {
            job->record->current_op = (uint64_t)(op - job->ops) + 1;
        }
        if (kind == TRACE_MALLOC) {
            REPLAY_BEFORE_CALL();
            block = malloc(bytes);
            goto arrived;
        }
        if (kind == TRACE_FREE) {
            if (!replay_free(job, table, op, observer)) {
                return false;
            }
            continue;
        }
        switch (kind) {
        case TRACE_FREE_SIZED:
            if (!replay_free(job, table, op, observer)) {
                return false;
            }
            continue;
        case TRACE_REALLOC:
            if (observer->leave != NULL && !observer->leave(job, op)) {
                return false;
            }
            block = table[op->slot];
            REPLAY_BEFORE_CALL();
            block = realloc(block, bytes);
            break;
        case TRACE_CALLOC:
            REPLAY_BEFORE_CALL();
            block = calloc(op->count, bytes);
            bytes *= op->count;
            break;
        case TRACE_MEMALIGN:
            REPLAY_BEFORE_CALL();
            block = memalign((size_t)1 << op->align_log2, bytes);
            break;
        default: /* thread and mark operations hold a place in the order only */
            continue;
        }
    arrived:
        REPLAY_AFTER_CALL(job, op, bytes);
        if (__builtin_expect(block == NULL && bytes != 0, 0)) {
            return replay_out_of_memory(job, op);
        }
        if (!observer->arrive(job, op, block, bytes)) {
            return false;
        }
        table[op->slot] = block;
    }
    return true;
}

#endif
