/* Guard pages: blocks on pages of their own, their end against one that cannot be
 * accessed. Under the heap lock. */
#ifndef SNUG_DEBUG_GUARD_H
#define SNUG_DEBUG_GUARD_H

#include "debug_table.h"

/* Sets payload, memory and home. false: the system refuses, or the process has nearly
 * as many mappings as it may have (said once, at the guard level). */
bool debug_guard_place(struct debug_block *block, size_t alignment);
/* The same for no bytes: an address that nothing can be read from or written to. */
bool debug_guard_place_nothing(struct debug_block *block, size_t alignment);
/* Make the pages inaccessible and give their memory back; the addresses stay taken. */
void debug_guard_close(struct debug_block *block);
void debug_guard_release(const struct debug_block *block);

#endif
