#include "trace/pointers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/addresses.h"
#include "trace/threads.h"

enum {
    /* Allocations held back at a time, and for how many calls. A free is late by what
     * its thread was stopped for; beyond that it was never logged. */
    HELD_LIMIT = 256,
    HELD_CALLS = 1 << 16
};

/* An allocation that waits until the block at its address is freed. */
struct held {
    uint64_t address;
    uint64_t call; /* its number */
    struct trace_op op;
};

struct pointers {
    struct trace_builder *builder;
    enum pointers_order order;
    struct addresses live;
    struct threads threads;
    uint32_t *in_realloc; /* by thread: slot between the halves of a realloc; 0: none */
    struct held held[HELD_LIMIT]; /* in the order of their calls */
    uint32_t held_count;
    uint64_t calls;
    uint64_t foreign_frees, foreign_reallocs, lost_frees, late_frees, failed_calls;
    bool has_excess_threads;
};

struct pointers *pointers_open(struct trace_builder *builder, enum pointers_order order)
{
    struct pointers *pointers = calloc(1, sizeof *pointers);
    if (pointers == NULL) {
        return NULL;
    }
    pointers->builder = builder;
    pointers->order = order;
    pointers->in_realloc = calloc(THREADS_LIMIT, sizeof *pointers->in_realloc);
    if (pointers->in_realloc == NULL) {
        free(pointers);
        return NULL;
    }
    return pointers;
}

void pointers_close(struct pointers *pointers)
{
    if (pointers == NULL) {
        return;
    }
    addresses_destroy(&pointers->live);
    threads_destroy(&pointers->threads);
    free(pointers->in_realloc);
    free(pointers);
}

/* Threads beyond the limit share the last number. */
static bool number_thread(struct pointers *pointers, uint64_t tid, uint16_t *number)
{
    if (threads_number(&pointers->threads, tid, number)) {
        return true;
    }
    if (errno == ENOMEM) {
        return false;
    }
    pointers->has_excess_threads = true;
    *number = (uint16_t)(THREADS_LIMIT - 1);
    return true;
}

static bool append_free(struct pointers *pointers, uint32_t slot, struct trace_op op)
{
    op.slot = slot;
    op.count = 1;
    trace_builder_release_slot(pointers->builder, slot);
    return trace_builder_append(pointers->builder, op);
}

/* ---- allocations that are held back ---- */

/* The free of the block at `entry` was never logged: it is added, by the thread that
 * was handed the address again. */
static bool add_lost_free(struct pointers *pointers, struct address_entry *entry,
                          uint16_t thread)
{
    uint32_t slot = entry->slot;
    pointers->lost_frees++;
    addresses_remove(&pointers->live, entry);
    return append_free(pointers, slot,
                       (struct trace_op){.kind = TRACE_FREE, .thread = thread});
}

/* The address is free: the block of `op` lies there from now on. A slot of 0 is filled
 * in. */
static bool land(struct pointers *pointers, uint64_t address, struct trace_op op,
                 uint32_t waiting)
{
    if (op.slot == 0) {
        op.slot = trace_builder_take_slot(pointers->builder);
    }
    if (op.slot == 0 || !addresses_add(&pointers->live, address, op.slot)) {
        return false;
    }
    if (waiting > 0) {
        addresses_find(&pointers->live, address)->waiting = waiting;
    }
    return trace_builder_append(pointers->builder, op);
}

static uint32_t first_held(const struct pointers *pointers, uint64_t address)
{
    uint32_t i = 0;
    while (i < pointers->held_count && pointers->held[i].address != address) {
        i++;
    }
    return i;
}

/* The block that `waiting` allocations waited for is gone: the first of them lands. */
static bool land_next(struct pointers *pointers, uint64_t address, uint32_t waiting)
{
    if (waiting == 0) {
        return true;
    }
    uint32_t i = first_held(pointers, address);
    struct held next = pointers->held[i];
    pointers->held_count--;
    memmove(&pointers->held[i], &pointers->held[i + 1],
            (pointers->held_count - i) * sizeof *pointers->held);
    return land(pointers, address, next.op, waiting - 1);
}

static bool give_up(struct pointers *pointers, uint64_t address)
{
    struct address_entry *entry = addresses_find(&pointers->live, address);
    uint32_t waiting = entry->waiting;
    uint16_t thread = pointers->held[first_held(pointers, address)].op.thread;
    return add_lost_free(pointers, entry, thread) &&
           land_next(pointers, address, waiting);
}

/* The beginning of every call: its thread, and an end to waiting in vain. */
static bool begin_call(struct pointers *pointers, uint64_t tid, uint16_t *thread)
{
    pointers->calls++;
    while (pointers->held_count > 0 &&
           pointers->calls - pointers->held[0].call > HELD_CALLS) {
        if (!give_up(pointers, pointers->held[0].address)) {
            return false;
        }
    }
    return number_thread(pointers, tid, thread);
}

/* Put the block of `op` at `address`, now or when the one that is there has gone. */
static bool place(struct pointers *pointers, uint64_t address, struct trace_op op)
{
    struct address_entry *entry = addresses_find(&pointers->live, address);
    if (entry == NULL) {
        return land(pointers, address, op, 0);
    }
    if (pointers->order == POINTERS_LATE_FREES && pointers->threads.count > 1 &&
        pointers->held_count < HELD_LIMIT) {
        pointers->held[pointers->held_count++] =
            (struct held){.address = address, .call = pointers->calls, .op = op};
        entry->waiting++;
        return true;
    }
    uint32_t waiting = entry->waiting;
    while (waiting > 0) { /* nothing may overtake those before it */
        if (!give_up(pointers, address)) {
            return false;
        }
        entry = addresses_find(&pointers->live, address);
        waiting = entry->waiting;
    }
    return add_lost_free(pointers, entry, op.thread) && land(pointers, address, op, 0);
}

/* A block leaves its address. NULL in `slot`: it is not known. */
static bool leave(struct pointers *pointers, uint64_t address, uint16_t thread,
                  uint32_t *slot, uint32_t *waiting)
{
    struct address_entry *entry = addresses_find(&pointers->live, address);
    *slot = 0;
    *waiting = 0;
    /* A thread that was handed the address means its own block, not the one before:
     * that one's free is not late but lost. */
    while (entry != NULL && entry->waiting > 0 &&
           pointers->held[first_held(pointers, address)].op.thread == thread) {
        if (!give_up(pointers, address)) {
            return false;
        }
        entry = addresses_find(&pointers->live, address);
    }
    if (entry != NULL) {
        *slot = entry->slot;
        *waiting = entry->waiting;
        pointers->late_frees += entry->waiting > 0;
        addresses_remove(&pointers->live, entry);
    }
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
        pointers->failed_calls++;
        return true;
    }
    op.slot = 0;
    op.count = op.kind == TRACE_CALLOC ? op.count : 1;
    return place(pointers, address, op);
}

static bool free_block(struct pointers *pointers, uint64_t tid, uint64_t address,
                       struct trace_op op)
{
    uint32_t slot;
    uint32_t waiting;
    if (!begin_call(pointers, tid, &op.thread)) {
        return false;
    }
    if (address == 0) {
        op.count = 1;
        return trace_builder_append(pointers->builder, op);
    }
    if (!leave(pointers, address, op.thread, &slot, &waiting)) {
        return false;
    }
    if (slot == 0) {
        pointers->foreign_frees++;
        return true;
    }
    return append_free(pointers, slot, op) && land_next(pointers, address, waiting);
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

bool pointers_realloc_begin(struct pointers *pointers, uint64_t tid,
                            uint64_t old_address)
{
    uint16_t thread;
    uint32_t slot;
    uint32_t waiting;
    if (!begin_call(pointers, tid, &thread) ||
        !leave(pointers, old_address, thread, &slot, &waiting)) {
        return false;
    }
    pointers->in_realloc[thread] = slot;
    return land_next(pointers, old_address, waiting);
}

bool pointers_realloc_end(struct pointers *pointers, uint64_t tid, uint64_t old_address,
                          uint64_t address, uint64_t size_bytes)
{
    struct trace_op op = {
        .kind = TRACE_REALLOC, .count = 1, .size_bytes = size_bytes & TRACE_SIZE_MASK};
    if (!begin_call(pointers, tid, &op.thread)) {
        return false;
    }
    op.slot = pointers->in_realloc[op.thread];
    pointers->in_realloc[op.thread] = 0;
    if (address != 0) {
        if (op.slot == 0 && old_address != 0) {
            pointers->foreign_reallocs++;
            op.kind = TRACE_MALLOC;
        }
        return place(pointers, address, op);
    }
    pointers->failed_calls++;
    if (op.slot == 0) {
        return true;
    }
    /* The old block lives on where it was. */
    struct address_entry *entry = addresses_find(&pointers->live, old_address);
    if (entry == NULL) {
        return addresses_add(&pointers->live, old_address, op.slot);
    }
    /* Somebody was handed its address meanwhile: it was freed all the same. */
    pointers->lost_frees++;
    return append_free(pointers, op.slot,
                       (struct trace_op){.kind = TRACE_FREE, .thread = op.thread});
}

bool pointers_event(struct pointers *pointers, uint64_t tid, enum trace_op_kind kind)
{
    struct trace_op op = {.kind = (uint8_t)kind, .count = 1};
    return begin_call(pointers, tid, &op.thread) &&
           trace_builder_append(pointers->builder, op);
}

/* ---- the end ---- */

static bool note(struct pointers *pointers, uint64_t count, const char *what,
                 const char *how)
{
    return count == 0 ||
           trace_builder_note(pointers->builder, "%s %" PRIu64 " %s", what, count, how);
}

bool pointers_finish(struct pointers *pointers)
{
    while (pointers->held_count > 0) {
        if (!give_up(pointers, pointers->held[0].address)) {
            return false;
        }
    }
    return note(pointers, pointers->foreign_frees, "Dropped",
                "frees of blocks that were not allocated on record.") &&
           note(pointers, pointers->foreign_reallocs, "Turned",
                "reallocs of blocks that were not allocated on record into mallocs.") &&
           note(pointers, pointers->late_frees, "Put in order",
                "frees that were logged late: their addresses had been handed out "
                "again.") &&
           note(pointers, pointers->lost_frees, "Added",
                "frees that were not logged: the address was handed out again.") &&
           note(pointers, pointers->failed_calls, "Left out", "calls that failed.") &&
           note(pointers, pointers->has_excess_threads ? THREADS_LIMIT : 0,
                "Threads are numbered up to", "only; those beyond share one number.");
}
