/* From the records of a process to the operations of a trace, as they come: addresses
 * become slots.
 *
 * What cannot be replayed is dropped or repaired, and counted: frees of blocks from
 * before the recording, reallocs of such blocks (they become mallocs), blocks handed
 * out again although no free was seen. Memory: the live blocks. */
#ifndef SNUGBENCH_RECORD_CONVERT_H
#define SNUGBENCH_RECORD_CONVERT_H

#include "record/blocks.h"
#include "record/log.h"
#include "trace/op.h"
#include "trace/slots.h"

/* A record, or one with the LOG_EXTRA behind it. */
struct call {
    enum log_kind kind;
    uint32_t thread;
    uint64_t address;
    uint64_t size_bytes;
    uint64_t extra;
};

struct conversion {
    struct blocks live;
    struct slots slots;
    struct conversion_thread *threads; /* by number in the log */
    uint32_t thread_room;
    uint32_t thread_count; /* threads seen */
    uint64_t live_bytes, peak_live_bytes;
    uint64_t foreign_frees, foreign_resizes, lost_frees;
    bool is_out_of_memory; /* what was made so far is a trace, more will not be */
};

/* No call makes more. */
#define CONVERSION_OPS 2

void conversion_init(struct conversion *conversion);
void conversion_destroy(struct conversion *conversion);

/* The operations that a call is in the trace, and how many. */
unsigned conversion_take(struct conversion *conversion, const struct call *call,
                         struct trace_op ops[CONVERSION_OPS]);

/* A process begins with the blocks of the one that it was forked from. */
unsigned conversion_inherit(struct conversion *conversion, struct block block,
                            struct trace_op ops[CONVERSION_OPS]);

#endif
