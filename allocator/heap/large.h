/* Large blocks: each has a mapping of its own, returned to the system when it is freed.
 *
 * Payloads start on a page and carry no header; a table tells them from foreign
 * pointers. It is protected by the heap lock, which nobody holds while the system maps,
 * moves or unmaps a block: that may take milliseconds. */
#ifndef SNUG_LARGE_H
#define SNUG_LARGE_H

#include "base/size.h"

struct large_sums {
    size_t blocks;
    size_t bytes; /* mapped, whole pages */
};
extern OUR_OWN struct large_sums large_sums;

/* Fresh pages for a block of `bytes`, whole pages, at a multiple of alignment (a power
 * of two); NULL: the system refuses. Needs no lock. One mmap, or three calls for an
 * alignment beyond a page. */
void *large_map(size_t bytes, size_t alignment);
/* They are a block from now on; false: there are too many. O(large
 * blocks), as all below. */
bool large_enter(void *payload, size_t bytes);
/* Mapped bytes of a large block, 0 if the pointer is none. */
size_t large_bytes(const void *payload);
/* The caller, who frees the block, unmaps it without the lock. */
void large_forget(const void *payload);
/* Resize by mremap, moving if need be, without the lock meanwhile, as *locked says it
 * is held; NULL: refused, the block is untouched. */
void *large_resize(void *payload, size_t bytes, bool *locked);
/* Every large block, in no order. */
void large_visit(void (*visit)(const void *payload, void *context), void *context);
/* Invariants of the table; NULL if all hold. O(large blocks^2). */
const char *large_check(void);

#endif
