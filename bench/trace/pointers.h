/* From a log of calls by address to a trace: what readers of such logs fill instead of
 * the builder (our own recorder writes while the program runs and holds no trace:
 * record/convert.h). It knows which slot stands for which address, numbers the threads,
 * and repairs and counts what logs get wrong:
 *
 *     a free of a block that the log does not know      dropped
 *     a realloc of one                                  becomes a malloc
 *     an allocation at an address that is still live    see enum pointers_order
 *     a call that failed (address 0)                    left out
 *
 * Calls are given in the log's order. Every function that returns bool: false is out of
 * memory (errno). Sizes are below 2^47, which readers see to. */
#ifndef SNUGBENCH_TRACE_POINTERS_H
#define SNUGBENCH_TRACE_POINTERS_H

#include <stdbool.h>
#include <stdint.h>

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

/* The builder must outlive it. NULL: out of memory. */
struct pointers *pointers_open(struct trace_builder *builder,
                               enum pointers_order order);

/* `tid` is any number. `op` has kind (TRACE_MALLOC, TRACE_CALLOC, TRACE_MEMALIGN),
 * size, count and alignment; slot and thread are filled in here. */
bool pointers_allocate(struct pointers *pointers, uint64_t tid, uint64_t address,
                       struct trace_op op);

/* `address` 0 is free(NULL). */
bool pointers_free(struct pointers *pointers, uint64_t tid, uint64_t address);
bool pointers_free_sized(struct pointers *pointers, uint64_t tid, uint64_t address,
                         uint64_t size_bytes);

/* Begin stands where the old block is given up: from there on another thread may get
 * its address; end where the call has returned, `address` 0 if it failed. Logs with one
 * line for both call one after the other. What realloc(old, 0) frees is a free. */
bool pointers_realloc_begin(struct pointers *pointers, uint64_t tid,
                            uint64_t old_address);
bool pointers_realloc_end(struct pointers *pointers, uint64_t tid, uint64_t old_address,
                          uint64_t address, uint64_t size_bytes);

/* A thread begins or ends, or a mark. */
bool pointers_event(struct pointers *pointers, uint64_t tid, enum trace_op_kind kind);

/* The end of the log: what is held back goes in, and what was dropped and repaired goes
 * to the builder's notes. */
bool pointers_finish(struct pointers *pointers);
void pointers_close(struct pointers *pointers);

#endif
