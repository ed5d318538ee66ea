/* Stacks of our own, for what needs more stack than a small thread has: unwinding takes
 * 5 KiB, the search for leaks 13, libdw more than 112. A thread may have 16 KiB, a
 * coroutine or a signal's handler less. Nothing here allocates or takes a lock. */
#ifndef SNUG_DEBUG_ALTSTACK_H
#define SNUG_DEBUG_ALTSTACK_H

#include "size.h"

/* Call a function on a stack of ours, and come back; on the caller's, where there is no
 * memory for another. Unwinders find their way through. */
void debug_altstack_run(void (*body)(void *argument), void *argument);
/* The same, but stays on the caller's stack as long as that is known to have room: what
 * a signal's handler finds there is then as it expects (conservative collectors search
 * a thread's stack from where the handler stands). */
void debug_altstack_run_if_small(void (*body)(void *argument), void *argument);
/* Whether a page belongs to one. */
bool debug_altstack_holds(uintptr_t page);

#endif
