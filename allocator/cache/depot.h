/* Depots: for each class the lists that any thread may take. Whose list is full gives
 * half of it, in one exchange of pointers; so do threads that end, with all.
 *
 * A depot has places for lists, a word each: to give is to swap the list for 0 there,
 * to take 0 for the list. So there is no lock, and a thread that stops halfway keeps
 * nobody waiting. */
#ifndef SNUG_DEPOT_H
#define SNUG_DEPOT_H

#include <stdatomic.h>

#include "cache/list.h"

/* A list of a class, as long as LIST_SHORT says at most; empty: there is none. */
struct list depot_take(size_t class);
/* Of a list that is not empty; false: the depots hold enough. */
bool depot_give(size_t class, struct list list);
/* Bytes in the depots of the classes from `first` on, before `end`, at least.
 * O(classes). */
size_t depot_bytes(size_t first, size_t end);

#endif
