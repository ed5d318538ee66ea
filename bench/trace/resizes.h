/* The reallocs that have begun and not ended, of all threads. */
#ifndef SNUGBENCH_TRACE_RESIZES_H
#define SNUGBENCH_TRACE_RESIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/addresses.h"

struct resize {
    struct live_block old; /* slot 0: not on record, or NULL (address 0) */
    uint16_t thread;
};

struct resizes {
    struct resize *items; /* in the order of their begins */
    uint32_t count;
    uint32_t room;
};

void resizes_destroy(struct resizes *resizes);

/* Of very many, the oldest is forgotten: its thread has ended, or jumped out of it.
 * false: out of memory (errno). */
bool resizes_push(struct resizes *resizes, struct resize resize);

/* The old block of the thread's last begin, as a signal handler may realloc within a
 * realloc. Without a begin, a block that is not on record. */
struct live_block resizes_pop(struct resizes *resizes, uint16_t thread);

#endif
