/* The operations of a job once more, packed for the replay loop: in 4 to 12 bytes each
 * instead of 16, and with what it need not ask. A trace that is longer than the caches
 * is then fetched in half the time, and takes less of them from the allocator.
 *
 * An operation is one word that has its slot and what is to be called, and the numbers
 * that the call needs, a word each. What does not fit, or is rare, is PACKED_OTHER: its
 * operation is looked up in job->ops. */
#ifndef SNUGBENCH_WORKER_PACKED_H
#define SNUGBENCH_WORKER_PACKED_H

#include <stdbool.h>
#include <stdint.h>

struct job;

enum packed_kind {
    PACKED_MALLOC,  /* size; never 0 */
    PACKED_FREE,    /* with the size known or not */
    PACKED_REALLOC, /* size */
    PACKED_CALLOC,  /* size, count */
    PACKED_OTHER,
    PACKED_END, /* no operation: here a pass may end */
};

enum {
    PACKED_KIND_BITS = 3,
    PACKED_WORDS_LIMIT = 3, /* of one operation */
};

static inline unsigned packed_kind(uint32_t word)
{
    return word & ((1u << PACKED_KIND_BITS) - 1);
}

static inline uint32_t packed_slot(uint32_t word)
{
    return word >> PACKED_KIND_BITS;
}

/* Packs all of job->ops, with a PACKED_END before each operation where a pass may end:
 * behind the trace or each of its streams, behind the epilogue, and at the sample
 * points of one thread in WORKER_MEMORY. false: no memory (errno). */
bool packed_open(struct job *job);

/* The first word of operation `index` of job->ops. */
const uint32_t *packed_at(const struct job *job, uint64_t index);

#endif
