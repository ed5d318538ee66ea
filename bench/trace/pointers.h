/* From calls by address to the operations of a trace, as they come: what readers of
 * such logs and our own recorder fill. It knows which slot stands for which address,
 * numbers the threads, and repairs and counts what logs get wrong:
 *
 *     a free of a block that the log does not know      dropped
 *     a realloc of one                                  becomes a malloc
 *     an allocation at an address that is still live    see enum pointers_order
 *     a call that failed (address 0)                    left out
 *
 * Calls are given in the log's order. Every function that returns bool: false is out of
 * memory (errno), and what was made so far is a trace. Sizes are below 2^47, which the
 * callers see to. Memory: the live blocks. */
#ifndef SNUGBENCH_TRACE_POINTERS_H
#define SNUGBENCH_TRACE_POINTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/addresses.h"
#include "trace/builder.h"

enum pointers_order {
    /* An allocation was logged after the call and a free before it, in one order: an
     * address that is handed out again was freed where nobody logged it, and the free
     * is added. */
    POINTERS_EXACT,
    /* With several threads, a free may stand behind an allocation that already has its
     * address: the allocation is held back until the free is seen. */
    POINTERS_LATE_FREES,
};

struct pointers;

/* Where operations go, and at the end a sentence for each thing that was dropped or
 * repaired. false: out of memory (errno). */
struct pointers_target {
    bool (*put)(void *to, struct trace_op op);
    bool (*note)(void *to, const char *sentence);
    void *to;
};

/* The target must outlive it. NULL: out of memory. */
struct pointers *pointers_open(struct pointers_target target,
                               enum pointers_order order);
void pointers_close(struct pointers *pointers);

/* What readers fill. */
struct pointers_target pointers_into_builder(struct trace_builder *builder);

/* `tid` is any number. `op` has kind (TRACE_MALLOC, TRACE_CALLOC, TRACE_MEMALIGN, or
 * TRACE_REALLOC of NULL), size, count and alignment; slot and thread are filled in
 * here. */
bool pointers_allocate(struct pointers *pointers, uint64_t tid, uint64_t address,
                       struct trace_op op);

/* `address` 0 is free(NULL). */
bool pointers_free(struct pointers *pointers, uint64_t tid, uint64_t address);
bool pointers_free_sized(struct pointers *pointers, uint64_t tid, uint64_t address,
                         uint64_t size_bytes);

/* Begin stands where the old block is given up: from there on another thread may get
 * its address; end where the call has returned, `address` 0 if it failed. Logs with one
 * line for both call one after the other. The ends of a thread are those of its last
 * begins first, as a signal handler may realloc within a realloc. What realloc(old, 0)
 * frees is a free. */
bool pointers_realloc_begin(struct pointers *pointers, uint64_t tid,
                            uint64_t old_address);
bool pointers_realloc_end(struct pointers *pointers, uint64_t tid, uint64_t address,
                          uint64_t size_bytes);

/* A thread begins or ends, or a mark. */
bool pointers_event(struct pointers *pointers, uint64_t tid, enum trace_op_kind kind);

/* A block that is there before the first call: a malloc of no thread in particular. */
bool pointers_inherit(struct pointers *pointers, struct live_block block);

/* The end of the log: what is held back goes in, and what was repaired is told. */
bool pointers_finish(struct pointers *pointers);

/* So far. */
struct pointers_totals {
    uint32_t threads;
    uint64_t slots; /* the most that were taken at a time */
    uint64_t live_bytes, peak_live_bytes;
};
struct pointers_totals pointers_totals(const struct pointers *pointers);

/* What is live. */
const struct addresses *pointers_live(const struct pointers *pointers);

#endif
