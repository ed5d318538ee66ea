/* Depots: for each class the lists that any thread may take. Whoever has a list too
 * many gives it whole, in one exchange of pointers; so do threads that end.
 *
 * Each depot has a lock of its own on a cache line of its own. Lock order: heap lock,
 * then a depot's. A depot's lock is never held while the heap lock is asked for. */
#ifndef SNUG_DEPOT_H
#define SNUG_DEPOT_H

#include "base/lock.h"
#include "cache/list.h"

/* A list of a class, not empty, as long as LIST_SHORT says at most; 0: there is none.
 */
uintptr_t depot_take(size_t class);
/* false: the depots hold enough. */
bool depot_give(size_t class, uintptr_t list);
/* Bytes in the depot of a class, at least. O(lists in it). */
size_t depot_bytes_of(size_t class);
/* Bytes in all depots of small objects, or of medium blocks, at least. */
size_t depot_bytes(bool medium);
/* Around fork, with the heap lock held; locked: whether locks are in use at all. */
void depot_before_fork(void);
void depot_after_fork(bool locked);
void depot_after_fork_in_child(void);

#endif
