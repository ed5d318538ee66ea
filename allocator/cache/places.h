/* Places for the parked lists of a thread (cache.h), which most threads never need:
 * whoever ends leaves its own to the next. Under the heap lock. */
#ifndef SNUG_PLACES_H
#define SNUG_PLACES_H

#include "cache/cache.h"

/* Apart from those of other threads by cache lines. */
struct places {
    uintptr_t lists[CLASS_COUNT]; /* 0: none; of those that nobody has all are 0 */
    struct places *next;          /* of those that nobody has */
} __attribute__((aligned(64)));

/* NULL: no memory. One system call for some hundred threads that live at a time, none
 * for the first. */
COLD_CODE struct places *places_take(void);
/* All lists are 0. */
COLD_CODE void places_leave(struct places *places);

#endif
