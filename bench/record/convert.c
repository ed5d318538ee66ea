#include "record/convert.h"

#include <stdlib.h>
#include <string.h>

#include "trace/builder.h"

enum {
    FIRST_THREADS = 64,
    THREAD_LIMIT = 1 << 16 /* thread numbers in an operation have 16 bits */
};

/* A realloc of which only the beginning is seen. A signal handler may call realloc
 * while its thread is in one, so a thread has a stack of them. */
struct resize {
    struct block block; /* slot 0: of a block that is not on record */
    struct resize *outer;
};

struct conversion_thread {
    bool seen;
    uint16_t number; /* in the trace: by first record in the total order */
    struct resize *resize;
};

void conversion_init(struct conversion *conversion)
{
    *conversion = (struct conversion){0};
    slots_init(&conversion->slots);
}

void conversion_destroy(struct conversion *conversion)
{
    for (uint32_t i = 0; i < conversion->thread_room; i++) {
        struct resize *resize = conversion->threads[i].resize;
        while (resize != NULL) {
            struct resize *outer = resize->outer;
            free(resize);
            resize = outer;
        }
    }
    free(conversion->threads);
    slots_destroy(&conversion->slots);
    blocks_destroy(&conversion->live);
}

static unsigned give_up(struct conversion *conversion)
{
    conversion->is_out_of_memory = true;
    return 0;
}

/* ---- threads ---- */

static bool threads_grow(struct conversion *conversion, uint32_t number)
{
    uint32_t room =
        conversion->thread_room == 0 ? FIRST_THREADS : conversion->thread_room;
    while (room <= number) {
        room *= 2;
    }
    struct conversion_thread *threads =
        reallocarray(conversion->threads, room, sizeof *threads);
    if (threads == NULL) {
        return false;
    }
    memset(threads + conversion->thread_room, 0,
           (room - conversion->thread_room) * sizeof *threads);
    conversion->threads = threads;
    conversion->thread_room = room;
    return true;
}

/* NULL: out of memory. */
static struct conversion_thread *thread_of(struct conversion *conversion,
                                           uint32_t number)
{
    if (number >= conversion->thread_room && !threads_grow(conversion, number)) {
        return NULL;
    }
    struct conversion_thread *thread = &conversion->threads[number];
    if (!thread->seen) {
        uint32_t next = conversion->thread_count++;
        thread->seen = true;
        thread->number = (uint16_t)(next < THREAD_LIMIT ? next : THREAD_LIMIT - 1);
    }
    return thread;
}

/* ---- blocks ---- */

static struct block forget(struct conversion *conversion, uint64_t address)
{
    struct block block = blocks_remove(&conversion->live, address);
    conversion->live_bytes -= block.size_bytes;
    return block;
}

static bool remember(struct conversion *conversion, struct block block)
{
    conversion->live_bytes += block.size_bytes;
    if (conversion->live_bytes > conversion->peak_live_bytes) {
        conversion->peak_live_bytes = conversion->live_bytes;
    }
    return blocks_add(&conversion->live, block);
}

static struct trace_op release(struct conversion *conversion, struct block block,
                               uint16_t thread)
{
    uint32_t slot = block.slot;
    slots_release(&conversion->slots, slot);
    return (struct trace_op){
        .kind = TRACE_FREE, .slot = slot, .thread = thread, .count = 1};
}

/* The address of a new block may look live when its free passed the recorder by. */
static unsigned retire(struct conversion *conversion, uint64_t address, uint16_t thread,
                       struct trace_op ops[CONVERSION_OPS])
{
    struct block stale = forget(conversion, address);
    if (stale.slot == 0) {
        return 0;
    }
    conversion->lost_frees++;
    ops[0] = release(conversion, stale, thread);
    return 1;
}

/* ---- one call ---- */

static uint8_t log2_round_up(uint64_t alignment)
{
    return (uint8_t)(alignment <= 1 ? 0 : 64 - __builtin_clzll(alignment - 1));
}

static uint64_t requested_bytes(struct trace_op op)
{
    return (uint64_t)op.size_bytes * op.count;
}

/* `op` says all but the slot. */
static unsigned allocate(struct conversion *conversion, uint64_t address,
                         struct trace_op op, struct trace_op ops[CONVERSION_OPS])
{
    unsigned count = retire(conversion, address, op.thread, ops);
    op.slot = slots_take(&conversion->slots);
    if (op.slot == 0 ||
        !remember(conversion, (struct block){address, requested_bytes(op), op.slot})) {
        return give_up(conversion);
    }
    ops[count] = op;
    return count + 1;
}

static struct trace_op allocation(const struct call *call, uint16_t thread)
{
    struct trace_op op = {
        .kind = TRACE_MALLOC,
        .thread = thread,
        .size_bytes = call->size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1),
        .count = 1,
    };
    if (call->kind == LOG_CALLOC) {
        /* never too large: the call succeeded */
        trace_op_set_calloc(&op, call->extra, call->size_bytes);
    } else if (call->kind == LOG_MEMALIGN) {
        op.kind = TRACE_MEMALIGN;
        op.align_log2 = log2_round_up(call->extra);
    } else if (call->kind == LOG_REALLOC_NULL) {
        op.kind = TRACE_REALLOC;
    }
    return op;
}

static unsigned convert_free(struct conversion *conversion, const struct call *call,
                             uint16_t thread, struct trace_op ops[CONVERSION_OPS])
{
    if (call->address == 0) {
        ops[0] = (struct trace_op){.kind = TRACE_FREE, .thread = thread, .count = 1};
        return 1;
    }
    struct block block = forget(conversion, call->address);
    if (block.slot == 0) {
        conversion->foreign_frees++;
        return 0;
    }
    ops[0] = release(conversion, block, thread);
    if (call->kind == LOG_FREE_SIZED) {
        ops[0].kind = TRACE_FREE_SIZED;
        ops[0].size_bytes = call->size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1);
    }
    return 1;
}

/* From here on another thread may be handed the old address. */
static unsigned convert_resize_begin(struct conversion *conversion,
                                     const struct call *call,
                                     struct conversion_thread *thread)
{
    struct resize *resize = malloc(sizeof *resize);
    if (resize == NULL) {
        return give_up(conversion);
    }
    *resize = (struct resize){blocks_remove(&conversion->live, call->address),
                              thread->resize};
    thread->resize = resize;
    return 0;
}

static struct block resize_pop(struct conversion_thread *thread)
{
    struct resize *resize = thread->resize;
    struct block block = {0};
    if (resize != NULL) {
        block = resize->block;
        thread->resize = resize->outer;
        free(resize);
    }
    return block;
}

static unsigned convert_resize_end(struct conversion *conversion,
                                   const struct call *call,
                                   struct conversion_thread *thread,
                                   struct trace_op ops[CONVERSION_OPS])
{
    struct block block = resize_pop(thread);
    uint32_t slot = block.slot;
    struct trace_op op = allocation(call, thread->number);
    if (call->address == 0) { /* failed: the old block lives on */
        bool is_kept = slot == 0 || blocks_add(&conversion->live, block);
        return is_kept ? 0 : give_up(conversion);
    }
    if (slot == 0) {
        conversion->foreign_resizes++;
        op.kind = TRACE_MALLOC;
        return allocate(conversion, call->address, op, ops);
    }
    unsigned count = retire(conversion, call->address, thread->number, ops);
    op.kind = TRACE_REALLOC;
    op.slot = slot;
    ops[count] = op;
    conversion->live_bytes -= block.size_bytes;
    if (!remember(conversion,
                  (struct block){call->address, requested_bytes(op), slot})) {
        return give_up(conversion);
    }
    return count + 1;
}

unsigned conversion_take(struct conversion *conversion, const struct call *call,
                         struct trace_op ops[CONVERSION_OPS])
{
    struct conversion_thread *thread = thread_of(conversion, call->thread);
    if (thread == NULL) {
        return give_up(conversion);
    }
    switch (call->kind) {
    case LOG_MALLOC:
    case LOG_CALLOC:
    case LOG_MEMALIGN:
    case LOG_REALLOC_NULL:
        return allocate(conversion, call->address, allocation(call, thread->number),
                        ops);
    case LOG_FREE:
    case LOG_FREE_SIZED:
        return convert_free(conversion, call, thread->number, ops);
    case LOG_REALLOC_BEGIN:
        return convert_resize_begin(conversion, call, thread);
    case LOG_REALLOC_END:
        return convert_resize_end(conversion, call, thread, ops);
    default:
        return 0;
    }
}

unsigned conversion_inherit(struct conversion *conversion, struct block block,
                            struct trace_op ops[CONVERSION_OPS])
{
    struct trace_op op = {.kind = TRACE_MALLOC,
                          .count = 1,
                          .size_bytes =
                              block.size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1)};
    return allocate(conversion, block.address, op, ops);
}
