#include "trace/pointers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/resizes.h"
#include "trace/slots.h"
#include "trace/threads.h"

enum {
    /* Allocations held back at a time, and for how many calls. A free is late by what
     * its thread was stopped for; beyond that it was never logged. */
    HELD_LIMIT = 256,
    HELD_CALLS = 1 << 16,
    SENTENCE_BYTES = 200
};

/* An allocation that waits until the block at its address is freed. */
struct held {
    uint64_t address;
    uint64_t call; /* its number */
    uint64_t replaced_bytes;
    struct trace_op op;
};

enum repair {
    FOREIGN_FREES,
    FOREIGN_REALLOCS,
    LATE_FREES,
    LOST_FREES,
    FAILED_CALLS,
    EXCESS_THREADS, /* calls of theirs */
    REPAIRS
};

struct pointers {
    struct pointers_target target;
    enum pointers_order order;
    struct addresses live;
    struct slots slots;
    struct threads threads;
    struct resizes resizes;
    struct held held[HELD_LIMIT]; /* in the order of their calls */
    uint32_t held_count;
    uint64_t calls;
    uint64_t live_bytes, peak_live_bytes;
    uint64_t repairs[REPAIRS];
};

struct pointers *pointers_open(struct pointers_target target, enum pointers_order order)
{
    struct pointers *pointers = calloc(1, sizeof *pointers);
    if (pointers != NULL) {
        pointers->target = target;
        pointers->order = order;
        slots_init(&pointers->slots);
    }
    return pointers;
}

void pointers_close(struct pointers *pointers)
{
    if (pointers == NULL) {
        return;
    }
    addresses_destroy(&pointers->live);
    slots_destroy(&pointers->slots);
    threads_destroy(&pointers->threads);
    resizes_destroy(&pointers->resizes);
    free(pointers);
}

/* Threads beyond the limit share the last number. */
static inline bool number_thread(struct pointers *pointers, uint64_t tid,
                                 uint16_t *number)
{
    if (threads_number(&pointers->threads, tid, number)) {
        return true;
    }
    if (errno == ENOMEM) {
        return false;
    }
    pointers->repairs[EXCESS_THREADS]++;
    *number = (uint16_t)(THREADS_LIMIT - 1);
    return true;
}

static inline bool put(struct pointers *pointers, struct trace_op op)
{
    return pointers->target.put(pointers->target.to, op);
}

static inline bool append_free(struct pointers *pointers,
                               const struct live_block *block, struct trace_op op)
{
    op.slot = block->slot;
    op.count = 1;
    pointers->live_bytes -= block->size_bytes;
    slots_release(&pointers->slots, block->slot);
    return put(pointers, op);
}

/* ---- allocations that are held back ---- */

/* The free of the block at `address` was never logged: it is added, by the thread that
 * was handed the address again. */
static bool add_lost_free(struct pointers *pointers, uint64_t address, uint16_t thread)
{
    struct live_block lost = addresses_take(&pointers->live, address);
    pointers->repairs[LOST_FREES]++;
    return append_free(pointers, &lost,
                       (struct trace_op){.kind = TRACE_FREE, .thread = thread});
}

/* The block of `op` lies at the address from now on, in the place of one of
 * `replaced_bytes`; or, if `is_taken` comes back, one still lies there. A slot of 0 is
 * filled in. */
static inline bool land(struct pointers *pointers, uint64_t address, struct trace_op op,
                        uint64_t replaced_bytes, bool *is_taken)
{
    const bool is_new = op.slot == 0;
    const uint64_t bytes = (uint64_t)op.size_bytes * op.count;
    op.slot = is_new ? slots_take(&pointers->slots) : op.slot;
    if (op.slot == 0) {
        return false;
    }
    enum addresses_answer answer =
        addresses_add(&pointers->live, (struct live_block){address, bytes, op.slot});
    *is_taken = answer == ADDRESSES_TAKEN;
    if (answer != ADDRESSES_ADDED) {
        if (is_new) {
            slots_release(&pointers->slots, op.slot);
        }
        return *is_taken;
    }
    pointers->live_bytes += bytes - replaced_bytes;
    if (pointers->live_bytes > pointers->peak_live_bytes) {
        pointers->peak_live_bytes = pointers->live_bytes;
    }
    return put(pointers, op);
}

/* The first that waits for the address; NULL: none does. */
static struct held *first_held(struct pointers *pointers, uint64_t address)
{
    for (uint32_t i = 0; i < pointers->held_count; i++) {
        if (pointers->held[i].address == address) {
            return &pointers->held[i];
        }
    }
    return NULL;
}

/* The block at the address is gone: the first that waits for it lands. */
static bool land_next(struct pointers *pointers, uint64_t address)
{
    struct held *first = first_held(pointers, address);
    if (first == NULL) {
        return true;
    }
    struct held next = *first;
    size_t behind = (size_t)(&pointers->held[pointers->held_count] - (first + 1));
    memmove(first, first + 1, behind * sizeof *first);
    pointers->held_count--;
    bool is_taken;
    return land(pointers, address, next.op, next.replaced_bytes, &is_taken);
}

/* The free that `first` waits for never comes. */
static bool give_up(struct pointers *pointers, const struct held *first)
{
    uint64_t address = first->address;
    return add_lost_free(pointers, address, first->op.thread) &&
           land_next(pointers, address);
}

/* The beginning of every call: its thread, and an end to waiting in vain. */
static inline bool begin_call(struct pointers *pointers, uint64_t tid, uint16_t *thread)
{
    pointers->calls++;
    while (pointers->held_count > 0 &&
           pointers->calls - pointers->held[0].call > HELD_CALLS) {
        if (!give_up(pointers, &pointers->held[0])) {
            return false;
        }
    }
    return number_thread(pointers, tid, thread);
}

/* Put the block of `op` at `address`, now or when the one that is there has gone. */
static inline bool place(struct pointers *pointers, uint64_t address,
                         struct trace_op op, uint64_t replaced_bytes)
{
    bool is_taken;
    if (!land(pointers, address, op, replaced_bytes, &is_taken)) {
        return false;
    }
    if (!is_taken) {
        return true;
    }
    if (pointers->order == POINTERS_LATE_FREES && pointers->threads.count > 1 &&
        pointers->held_count < HELD_LIMIT) {
        pointers->held[pointers->held_count++] =
            (struct held){.address = address,
                          .call = pointers->calls,
                          .replaced_bytes = replaced_bytes,
                          .op = op};
        return true;
    }
    const struct held *first;
    while ((first = first_held(pointers, address)) != NULL) { /* nobody is overtaken */
        if (!give_up(pointers, first)) {
            return false;
        }
    }
    return add_lost_free(pointers, address, op.thread) &&
           land(pointers, address, op, replaced_bytes, &is_taken);
}

/* A block leaves its address. Slot 0: it is not known. */
static inline bool leave(struct pointers *pointers, uint64_t address, uint16_t thread,
                         struct live_block *block)
{
    const struct held *first;
    /* A thread that was handed the address means its own block, not the one before:
     * that one's free is not late but lost. */
    while ((first = first_held(pointers, address)) != NULL &&
           first->op.thread == thread) {
        if (!give_up(pointers, first)) {
            return false;
        }
    }
    *block = addresses_take(&pointers->live, address);
    pointers->repairs[LATE_FREES] += first != NULL;
    return true;
}

/* ---- calls ---- */

bool pointers_allocate(struct pointers *pointers, uint64_t tid, uint64_t address,
                       struct trace_op op)
{
    if (!begin_call(pointers, tid, &op.thread)) {
        return false;
    }
    if (address == 0) {
        pointers->repairs[FAILED_CALLS]++;
        return true;
    }
    op.slot = 0;
    op.count = op.kind == TRACE_CALLOC ? op.count : 1;
    return place(pointers, address, op, 0);
}

bool pointers_inherit(struct pointers *pointers, struct live_block block)
{
    return place(pointers, block.address,
                 (struct trace_op){.kind = TRACE_MALLOC,
                                   .count = 1,
                                   .size_bytes = block.size_bytes & TRACE_SIZE_MASK},
                 0);
}

static inline bool free_block(struct pointers *pointers, uint64_t tid, uint64_t address,
                              struct trace_op op)
{
    struct live_block block;
    if (!begin_call(pointers, tid, &op.thread)) {
        return false;
    }
    if (address == 0) {
        op.count = 1;
        return put(pointers, op);
    }
    if (!leave(pointers, address, op.thread, &block)) {
        return false;
    }
    if (block.slot == 0) {
        pointers->repairs[FOREIGN_FREES]++;
        return true;
    }
    return append_free(pointers, &block, op) && land_next(pointers, address);
}

bool pointers_free(struct pointers *pointers, uint64_t tid, uint64_t address)
{
    return free_block(pointers, tid, address, (struct trace_op){.kind = TRACE_FREE});
}

bool pointers_free_sized(struct pointers *pointers, uint64_t tid, uint64_t address,
                         uint64_t size_bytes)
{
    return free_block(pointers, tid, address,
                      (struct trace_op){.kind = TRACE_FREE_SIZED,
                                        .size_bytes = size_bytes & TRACE_SIZE_MASK});
}

/* ---- reallocs ---- */

bool pointers_realloc_begin(struct pointers *pointers, uint64_t tid,
                            uint64_t old_address)
{
    struct resize resize;
    if (!begin_call(pointers, tid, &resize.thread) ||
        !leave(pointers, old_address, resize.thread, &resize.old)) {
        return false;
    }
    resize.old.address = old_address;
    return resizes_push(&pointers->resizes, resize) && land_next(pointers, old_address);
}

/* The old block lives on where it was. */
static bool keep_old(struct pointers *pointers, const struct live_block *old,
                     uint16_t thread)
{
    if (old->slot == 0) {
        return true;
    }
    enum addresses_answer answer = addresses_add(&pointers->live, *old);
    if (answer != ADDRESSES_TAKEN) {
        return answer == ADDRESSES_ADDED;
    }
    /* Somebody was handed its address meanwhile: it was freed all the same. */
    pointers->repairs[LOST_FREES]++;
    return append_free(pointers, old,
                       (struct trace_op){.kind = TRACE_FREE, .thread = thread});
}

bool pointers_realloc_end(struct pointers *pointers, uint64_t tid, uint64_t address,
                          uint64_t size_bytes)
{
    struct trace_op op = {
        .kind = TRACE_REALLOC, .count = 1, .size_bytes = size_bytes & TRACE_SIZE_MASK};
    if (!begin_call(pointers, tid, &op.thread)) {
        return false;
    }
    struct live_block old = resizes_pop(&pointers->resizes, op.thread);
    if (address == 0) {
        pointers->repairs[FAILED_CALLS]++;
        return keep_old(pointers, &old, op.thread);
    }
    op.slot = old.slot;
    if (old.slot == 0 && old.address != 0) {
        pointers->repairs[FOREIGN_REALLOCS]++;
        op.kind = TRACE_MALLOC;
    }
    return place(pointers, address, op, old.size_bytes);
}

bool pointers_event(struct pointers *pointers, uint64_t tid, enum trace_op_kind kind)
{
    struct trace_op op = {.kind = (uint8_t)kind, .count = 1};
    return begin_call(pointers, tid, &op.thread) && put(pointers, op);
}

/* ---- the end ---- */

static bool note_repairs(const struct pointers *pointers)
{
    static const char *const sentences[REPAIRS][2] = {
        [FOREIGN_FREES] = {"Dropped",
                           "frees of blocks that were not allocated on record."},
        [FOREIGN_REALLOCS] = {"Turned", "reallocs of blocks that were not allocated on "
                                        "record into mallocs."},
        [LATE_FREES] = {"Put in order", "frees that were logged late: their addresses "
                                        "had been handed out again."},
        [LOST_FREES] = {"Added", "frees that were not logged: the address was handed "
                                 "out again."},
        [FAILED_CALLS] = {"Left out", "calls that failed."},
        [EXCESS_THREADS] = {"Gave", "calls of threads beyond 65,536 to one thread."},
    };
    for (size_t i = 0; i < REPAIRS; i++) {
        char sentence[SENTENCE_BYTES];
        snprintf(sentence, sizeof sentence, "%s %" PRIu64 " %s", sentences[i][0],
                 pointers->repairs[i], sentences[i][1]);
        if (pointers->repairs[i] > 0 &&
            !pointers->target.note(pointers->target.to, sentence)) {
            return false;
        }
    }
    return true;
}

bool pointers_finish(struct pointers *pointers)
{
    while (pointers->held_count > 0) {
        if (!give_up(pointers, &pointers->held[0])) {
            return false;
        }
    }
    return note_repairs(pointers);
}

struct pointers_totals pointers_totals(const struct pointers *pointers)
{
    return (struct pointers_totals){
        .threads = pointers->threads.count,
        .slots = pointers->slots.next - 1,
        .live_bytes = pointers->live_bytes,
        .peak_live_bytes = pointers->peak_live_bytes,
    };
}

const struct addresses *pointers_live(const struct pointers *pointers)
{
    return &pointers->live;
}

/* ---- the builder as a target ---- */

static bool put_into_builder(void *builder, struct trace_op op)
{
    return trace_builder_append(builder, op);
}

static bool note_in_builder(void *builder, const char *sentence)
{
    return trace_builder_note(builder, "%s", sentence);
}

struct pointers_target pointers_into_builder(struct trace_builder *builder)
{
    return (struct pointers_target){put_into_builder, note_in_builder, builder};
}
