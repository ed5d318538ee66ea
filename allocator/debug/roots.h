/* Where a program may keep pointers outside its blocks: all memory of the process that
 * can be written, but for blocks and what the debug level itself keeps. That is
 * globals, thread-local variables, the stacks of all threads and mappings of the
 * program's own; not registers of other threads. Memory is read by process_vm_readv,
 * which fails where another thread unmaps it meanwhile. */
#ifndef SNUG_DEBUG_ROOTS_H
#define SNUG_DEBUG_ROOTS_H

#include "base/size.h"

/* Begins a search: calls visit for words of root memory. Of the caller's own stack what
 * is below `stack` is left out: old frames there, ours and the program's, still hold
 * pointers. skip tells of a page's address whether it is to be left out. false: the
 * memory of the process cannot be read. */
bool debug_roots_visit(const void *stack,
                       void (*visit)(const uintptr_t *words, size_t count),
                       bool (*skip)(uintptr_t page));

/* During a search: calls visit for the words of a block. Its whole pages are left out
 * where nothing was ever written, and where the program itself may not read: mprotect
 * may have closed them, and a child of fork may not have them at all (madvise). */
void debug_roots_visit_block(const void *begin, size_t bytes,
                             void (*visit)(const uintptr_t *words, size_t count));

/* Ends the search. */
void debug_roots_end(void);

#endif
