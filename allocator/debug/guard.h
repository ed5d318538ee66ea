/* Guard pages: blocks on pages of their own, their end against one that cannot be
 * accessed. Under the heap lock. */
#ifndef SNUG_DEBUG_GUARD_H
#define SNUG_DEBUG_GUARD_H

#include "debug/table.h"

/* Find out how many mappings the process may have, while it starts: a filter of system
 * calls may forbid it later. */
void debug_guard_begin(void);
/* false: the process has nearly as many mappings as it may have. */
bool debug_guard_has_room(void);
/* Zeroed pages at a multiple of alignment, between two that cannot be accessed; NULL:
 * refused. Needs no lock. */
char *debug_guard_map(size_t bytes, size_t alignment);
/* Say once that blocks get red zones from now on. */
void debug_guard_warn(void);
/* Sets payload, memory and home. false: the system refuses. */
bool debug_guard_place(struct debug_block *block, size_t alignment);
/* The same for a zero-size block: an address that nothing can be read from or written
 * to. */
bool debug_guard_place_zero_size(struct debug_block *block, size_t alignment);
/* Make the pages inaccessible and give their memory back; the addresses stay taken. */
void debug_guard_close(struct debug_block *block);
void debug_guard_release(const struct debug_block *block);

#endif
