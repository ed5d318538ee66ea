/* Quarantine: freed blocks wait their turn here before their memory is used again, so
 * that a write through a stale pointer is noticed. First in, first out; bounded by a
 * share of what is live, in addresses for blocks in pages, since those hold no memory.
 * Where the system refuses memory the oldest go earlier. Under the heap lock. */
#ifndef SNUG_DEBUG_QUARANTINE_H
#define SNUG_DEBUG_QUARANTINE_H

#include "debug/table.h"

/* Add a block that has just been retired. Returns NULL, or the first block among those
 * whose turn has come that was written to, still in the table. */
struct debug_block *debug_quarantine_add(struct debug_block *block);
/* Let the oldest go of the blocks in pages and of those in the heap, since the system
 * has refused `bytes`. false: what waits is less than that, and not the reason.
 * *damaged: one of them that was written to, still in the table; else NULL. */
bool debug_quarantine_relieve(size_t bytes, struct debug_block **damaged);

#endif
