/* Stacks of our own, for what needs more stack than a small thread has: the search
 * for leaks takes 13 KiB, libdw more than 112. A thread may have 16 KiB, a
 * coroutine or a signal's handler less. Nothing here allocates or takes a lock. */
#ifndef SNUG_DEBUG_ALTSTACK_H
#define SNUG_DEBUG_ALTSTACK_H

#include "base/size.h"

/* Call a function on a stack of ours, and come back; on the caller's, where there is no
 * memory for another. Unwinders find their way through. */
void debug_altstack_run(void (*body)(void *argument), void *argument);
/* Whether a page belongs to one. */
bool debug_altstack_holds(uintptr_t page);

#endif
