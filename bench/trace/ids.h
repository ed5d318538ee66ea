/* Block ids as a file has them (below 2^30) to slots: a direct table that grows. */
#ifndef SNUGBENCH_TRACE_IDS_H
#define SNUGBENCH_TRACE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#define IDS_LIMIT ((uint64_t)1 << 30)

/* What the table holds beside slots. */
#define ID_NEVER_SEEN 0u
#define ID_FREED UINT32_MAX

struct ids {
    uint32_t *slot; /* a mapping, so that ids never met cost no memory */
    uint64_t capacity;
    uint64_t distinct;     /* ids ever allocated, counted by the reader */
    uint64_t top_plus_one; /* of all ids asked for */
};

/* The entry of an id below IDS_LIMIT. NULL: out of memory (errno). */
uint32_t *ids_entry(struct ids *ids, uint64_t id);
void ids_destroy(struct ids *ids);

#endif
