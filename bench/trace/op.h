/* The compiled trace: the one form that the engine replays.
 *
 * A compiled trace is one file image, held in a memfd and mapped read-only by every
 * worker:
 *
 *     page 0      struct trace_header
 *     next        op_count operations, then epilogue_count frees that empty the heap
 *     next        sample_count op indexes, ascending, where memory is sampled
 *
 * Slots are dense: slot 0 always holds NULL (free(NULL) is a free of slot 0), the
 * others are 1..slot_count-1 and are reused, smallest free first, so the pointer table
 * is no larger than the peak number of live blocks.
 *
 * Invariants (checked by trace_seal): operations of one trace stand in one total order;
 * a slot is allocated only while empty and freed only while full; after the epilogue
 * every slot is empty. This header is shared by the parent and the worker and owns no
 * code. */
#ifndef SNUGBENCH_TRACE_OP_H
#define SNUGBENCH_TRACE_OP_H

#include <stdint.h>

enum trace_op_kind {
    TRACE_MALLOC,     /* table[slot] = malloc(size_bytes) */
    TRACE_FREE,       /* free(table[slot]); slot 0 is free(NULL) */
    TRACE_REALLOC,    /* table[slot] = realloc(table[slot], size_bytes); the slot may be
                         empty: realloc(NULL, size_bytes) */
    TRACE_CALLOC,     /* table[slot] = calloc(count, size_bytes) */
    TRACE_MEMALIGN,   /* table[slot] = memalign(1 << align_log2, size_bytes) */
    TRACE_FREE_SIZED, /* free with the size known; replayed as free until C23 is common
                       */
    TRACE_THREAD_START, /* `thread` begins; no slot */
    TRACE_THREAD_END,   /* `thread` ends; no slot */
    TRACE_MARK,         /* a named point in time; no slot */
    TRACE_KIND_COUNT
};

/* One operation, 16 bytes. `count` is 1 but for calloc; a calloc is written so that
 * count <= 65535 (the product is always exact). Sizes are below 2^47. */
struct trace_op {
    uint64_t size_bytes : 48;
    uint64_t count : 16;
    uint32_t slot;
    uint16_t thread; /* 0 is the first thread seen */
    uint8_t kind;    /* enum trace_op_kind */
    uint8_t align_log2;
};

_Static_assert(sizeof(struct trace_op) == 16, "an operation is 16 bytes");

#define TRACE_MAGIC 0x31707974676e7573ull
#define TRACE_SIZE_LIMIT_BYTES ((uint64_t)1 << 47)
#define TRACE_ALIGN_LOG2_LIMIT 47
#define TRACE_SIZE_MASK (((uint64_t)1 << 48) - 1) /* of the field, for -Wconversion */

struct trace_header {
    uint64_t magic;
    uint64_t op_count;
    uint64_t epilogue_count;
    uint64_t sample_count;
    uint64_t slot_count; /* entries of the pointer table, slot 0 included */
    uint64_t thread_count;
    uint64_t peak_live_bytes;
    uint64_t peak_live_op; /* index; after it live is first at its peak */
    uint64_t peak_live_blocks;
    uint64_t allocated_bytes; /* sum over all allocating operations */
    uint64_t kind_counts[16]; /* operations by enum trace_op_kind */
    uint64_t ops_offset;      /* bytes from the start of the image */
    uint64_t samples_offset;
};

#endif
