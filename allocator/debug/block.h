/* Blocks at the debug levels: where their bytes lie, and what stands around and in
 * them.
 *
 *     in the heap:   | tag | zone | payload, exactly as asked | zone ... |
 *     in pages:      no access | zone, below a page | payload | zone | no access
 *
 * Zones hold ZONE bytes from birth to release; a payload is filled with FRESH bytes
 * when it is allocated and with FREED ones while it is in quarantine, where pages are
 * made inaccessible instead. Under the heap lock. */
#ifndef SNUG_DEBUG_BLOCK_H
#define SNUG_DEBUG_BLOCK_H

#include "debug/table.h"

/* A long block is filled up to here, so that its further pages stay untouched. At level
 * check it stands between guard pages then. */
#define DEBUG_FILL_LIMIT_BYTES (64 * KIB)

/* Find memory for block->size bytes, in pages of its own where the level and the size
 * ask for that; sets payload, memory and home. false: none. */
bool debug_block_place(struct debug_block *block, size_t alignment);
/* The same in the heap, with red zones. */
bool debug_block_place_in_heap(struct debug_block *block, size_t alignment);
/* How much of a block just placed may not be zero. */
size_t debug_block_nonzero_prefix(const struct debug_block *block);
/* Turn a live block into one in quarantine, as far as its memory goes. */
void debug_block_retire(struct debug_block *block);
/* Give the memory back. */
void debug_block_release(const struct debug_block *block);
/* What was written where nobody may write, in words that end before the block is named:
 * "write before" ...; NULL: all is well. *where: the first byte that was changed. */
const char *debug_block_damage(const struct debug_block *block, const char **where);

#endif
