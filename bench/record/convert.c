#include "record/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Out of memory in the table is reported by the block it refused. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(block) ((block)->slot = 0)
#include <uthash.h>

#include "trace/builder.h"

enum {
    THREAD_LIMIT = 1 << 16 /* thread numbers in an operation have 16 bits */
};

/* A live block: its address now, its place in the trace. */
struct block {
    uint64_t address;
    uint32_t slot;
    UT_hash_handle hh;
};

struct thread {
    bool seen;
    uint16_t number;         /* in the trace: by first record in the total order */
    struct block *in_resize; /* between the two halves of a realloc; in no table */
};

struct conversion {
    struct trace_builder *builder;
    struct block *live; /* uthash by address */
    struct thread *threads;
    uint32_t thread_count; /* entries of threads[] */
    uint32_t threads_seen;
    uint64_t foreign_frees, foreign_resizes, lost_frees, unwritten;
};

/* ---- live blocks ---- */

static struct block *block_find(struct conversion *conversion, uint64_t address)
{
    struct block *block = NULL;
    HASH_FIND(hh, conversion->live, &address, sizeof address, block);
    return block;
}

static void block_detach(struct conversion *conversion, struct block *block)
{
    HASH_DEL(conversion->live, block);
}

static bool block_attach(struct conversion *conversion, struct block *block,
                         uint64_t address)
{
    uint32_t slot = block->slot;
    block->address = address;
    HASH_ADD(hh, conversion->live, address, sizeof block->address, block);
    if (block->slot != slot) {
        free(block);
        return false;
    }
    return true;
}

static void blocks_destroy(struct conversion *conversion)
{
    struct block *block = conversion->live;
    HASH_CLEAR(hh, conversion->live); /* the table only: the blocks stay chained */
    while (block != NULL) {
        struct block *next = block->hh.next;
        free(block);
        block = next;
    }
    for (uint32_t i = 0; conversion->threads != NULL && i < conversion->thread_count;
         i++) {
        free(conversion->threads[i].in_resize);
    }
    free(conversion->threads);
}

/* ---- threads ---- */

static struct thread *thread_of(struct conversion *conversion, uint32_t number)
{
    if (number >= conversion->thread_count) {
        return NULL; /* a torn record: numbers are handed out before they are written */
    }
    struct thread *thread = &conversion->threads[number];
    if (!thread->seen) {
        uint32_t next = conversion->threads_seen++;
        thread->seen = true;
        thread->number = (uint16_t)(next < THREAD_LIMIT ? next : THREAD_LIMIT - 1);
    }
    return thread;
}

/* ---- one record ---- */

static bool emit(struct conversion *conversion, struct trace_op op)
{
    if (op.count == 0 && op.kind != TRACE_CALLOC) {
        op.count = 1;
    }
    return trace_builder_append(conversion->builder, op);
}

static bool emit_free(struct conversion *conversion, struct block *block,
                      enum trace_op_kind kind, const struct thread *thread,
                      uint64_t size_bytes)
{
    struct trace_op op = {
        .kind = (uint8_t)kind,
        .slot = block->slot,
        .thread = thread->number,
        .size_bytes = size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1),
    };
    block_detach(conversion, block);
    trace_builder_release_slot(conversion->builder, block->slot);
    free(block);
    return emit(conversion, op);
}

static uint8_t log2_round_up(uint64_t alignment)
{
    return (uint8_t)(alignment <= 1 ? 0 : 64 - __builtin_clzll(alignment - 1));
}

static struct trace_op allocation(const struct log_record *record,
                                  const struct thread *thread)
{
    struct trace_op op = {
        .thread = thread->number,
        .size_bytes = record->size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1),
        .kind = TRACE_MALLOC,
    };
    if (record->kind == LOG_CALLOC) {
        /* never too large: the call succeeded */
        trace_op_set_calloc(&op, record->extra, record->size_bytes);
    } else if (record->kind == LOG_MEMALIGN) {
        op.kind = TRACE_MEMALIGN;
        op.align_log2 = log2_round_up(record->extra);
    } else if (record->kind == LOG_REALLOC_END && record->extra == 0) {
        op.kind = TRACE_REALLOC;
    }
    return op;
}

/* The address of a new block may look live when its free passed the recorder by. */
static bool retire_address(struct conversion *conversion, uint64_t address,
                           const struct thread *thread)
{
    struct block *stale = block_find(conversion, address);
    if (stale == NULL) {
        return true;
    }
    conversion->lost_frees++;
    return emit_free(conversion, stale, TRACE_FREE, thread, 0);
}

static bool convert_allocation(struct conversion *conversion,
                               const struct log_record *record,
                               const struct thread *thread)
{
    if (!retire_address(conversion, record->address, thread)) {
        return false;
    }
    struct trace_op op = allocation(record, thread);
    struct block *block = calloc(1, sizeof *block);
    op.slot = block != NULL ? trace_builder_take_slot(conversion->builder) : 0;
    if (op.slot == 0) {
        free(block);
        return false;
    }
    block->slot = op.slot;
    return block_attach(conversion, block, record->address) && emit(conversion, op);
}

static bool convert_free(struct conversion *conversion, const struct log_record *record,
                         const struct thread *thread)
{
    enum trace_op_kind kind =
        record->kind == LOG_FREE_SIZED ? TRACE_FREE_SIZED : TRACE_FREE;
    if (record->address == 0) {
        struct trace_op op = {.kind = (uint8_t)TRACE_FREE, .thread = thread->number};
        return emit(conversion, op);
    }
    struct block *block = block_find(conversion, record->address);
    if (block == NULL) {
        conversion->foreign_frees++;
        return true;
    }
    return emit_free(conversion, block, kind, thread, record->size_bytes);
}

/* From here on another thread may be handed the old address. */
static void convert_resize_begin(struct conversion *conversion,
                                 const struct log_record *record, struct thread *thread)
{
    struct block *block = block_find(conversion, record->address);
    if (block != NULL) {
        block_detach(conversion, block);
        free(thread->in_resize);
        thread->in_resize = block;
    }
}

static bool convert_resize_end(struct conversion *conversion,
                               const struct log_record *record, struct thread *thread)
{
    struct block *block = thread->in_resize;
    thread->in_resize = NULL;
    if (record->address == 0) { /* failed: the old block lives on */
        return block == NULL || block_attach(conversion, block, record->extra);
    }
    if (block == NULL) {
        conversion->foreign_resizes += record->extra != 0;
        return convert_allocation(conversion, record, thread);
    }
    struct trace_op op = {
        .kind = TRACE_REALLOC,
        .slot = block->slot,
        .thread = thread->number,
        .size_bytes = record->size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1),
    };
    if (!retire_address(conversion, record->address, thread)) {
        free(block);
        return false;
    }
    return block_attach(conversion, block, record->address) && emit(conversion, op);
}

static bool convert_record(struct conversion *conversion,
                           const struct log_record *record)
{
    struct thread *thread = thread_of(conversion, record->thread);
    if (thread == NULL) {
        conversion->unwritten++;
        return true;
    }
    uint8_t kind = record->kind; /* clang has no switch on an atomic */
    switch (kind) {
    case LOG_MALLOC:
    case LOG_CALLOC:
    case LOG_MEMALIGN:
        return convert_allocation(conversion, record, thread);
    case LOG_FREE:
    case LOG_FREE_SIZED:
        return convert_free(conversion, record, thread);
    case LOG_REALLOC_BEGIN:
        convert_resize_begin(conversion, record, thread);
        return true;
    case LOG_REALLOC_END:
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the hash table holds the block */
        return convert_resize_end(conversion, record, thread);
    default:
        conversion->unwritten++;
        return true;
    }
}

/* ---- the whole log ---- */

static bool convert_records(struct conversion *conversion, struct log_header *log)
{
    const struct log_record *records = log_records(log);
    uint64_t end = log->reserved_windows * LOG_WINDOW_RECORDS;
    if (end > log->claimed) {
        end = log->claimed;
    }
    for (uint64_t i = log->first; i < end; i++) {
        if (log->full != 0 && records[i].kind == LOG_UNWRITTEN) {
            return true; /* the order has a hole where the recording ended */
        }
        if (!convert_record(conversion, &records[i])) {
            return false;
        }
    }
    return true;
}

static void note_losses(const struct conversion *conversion,
                        const struct log_header *log)
{
    struct trace_builder *builder = conversion->builder;
    if (log->full != 0) {
        trace_builder_note(builder, "The recording ended before the program: %s.",
                           strerror((int)log->full));
    }
    if (conversion->foreign_frees > 0) {
        trace_builder_note(
            builder, "Dropped %llu frees of blocks that were not allocated on record.",
            (unsigned long long)conversion->foreign_frees);
    }
    if (conversion->foreign_resizes > 0) {
        trace_builder_note(
            builder,
            "Turned %llu reallocs of blocks that were not allocated on record "
            "into mallocs.",
            (unsigned long long)conversion->foreign_resizes);
    }
    if (conversion->lost_frees > 0) {
        trace_builder_note(
            builder,
            "Added %llu frees that passed the recorder by: the address was "
            "handed out again.",
            (unsigned long long)conversion->lost_frees);
    }
    if (conversion->unwritten > 0) {
        trace_builder_note(builder,
                           "Left out %llu calls that were under way when the program "
                           "ended.",
                           (unsigned long long)conversion->unwritten);
    }
    if (conversion->threads_seen > THREAD_LIMIT) {
        trace_builder_note(
            builder, "Threads from number %d on share that number: there were %u.",
            THREAD_LIMIT - 1, conversion->threads_seen);
    }
}

struct trace *convert_log(struct log_header *log, const char *name,
                          struct trace_error *error)
{
    struct conversion conversion = {
        .builder = trace_builder_create(name, name),
        .threads = calloc((size_t)log->threads + 1, sizeof(struct thread)),
        .thread_count = log->threads,
    };
    struct trace *trace = NULL;
    if (conversion.builder != NULL && conversion.threads != NULL &&
        convert_records(&conversion, log)) {
        note_losses(&conversion, log);
        trace = trace_builder_seal(conversion.builder, error);
    } else {
        snprintf(error->text, sizeof error->text,
                 "cannot turn the log of %.300s into a trace: %s", name,
                 strerror(errno));
        trace_builder_destroy(conversion.builder);
    }
    blocks_destroy(&conversion);
    return trace;
}
