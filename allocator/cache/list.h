/* Lists of free objects of a class, or of medium blocks, strung through the objects
 * (object.h): what a thread's cache and the depots hold.
 *
 * What is in a list is in use as far as runs and heap know. */
#ifndef SNUG_LIST_H
#define SNUG_LIST_H

#include "base/object.h"
#include "small/run.h"

static ALWAYS_INLINE bool class_is_medium(size_t class)
{
    return class >= SMALL_CLASS_COUNT;
}

/* How long lists are. With one thread those of medium blocks have a fence only, since
 * the sum of what they hold is known, and has a limit. With others they are short, so
 * that they cannot hide that most of the heap is free, and what goes from thread to
 * thread is soon used again. While a thread is lean all but the first are. */
enum list_length {
    LIST_LONG,
    LIST_SHORT,
    LIST_LEAN
};

/* The objects that a list of a class may hold, at least one. Classes beyond
 * LIST_LIMIT_BYTES have long lists only. */
size_t list_limit(size_t class, enum list_length length);
/* Bytes in so many objects of a class, at least. */
size_t list_bytes(size_t class, size_t count);
/* All objects of a list, from the first on, go back to the runs, or to the heap;
 * returns how many. Under the heap lock. */
size_t list_return(size_t class, void *first);
/* The first invariant that does not hold, NULL if all hold. */
const char *list_check(size_t class, struct list list);

#endif
