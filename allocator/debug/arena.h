/* Memory for the debug level itself: what libraries that it calls (the unwinder, the
 * symbolizer, the dynamic linker on their behalf) ask of malloc while a thread is
 * inside it. Never from the heap, which may be the very thing that is broken; never
 * given back. */
#ifndef SNUG_DEBUG_ARENA_H
#define SNUG_DEBUG_ARENA_H

#include "base/size.h"

/* Above 0 while this thread runs code of the debug level: its requests come here. */
extern OUR_OWN __thread unsigned debug_inside;

/* The heap lock is not held. */
void *debug_arena_allocate(size_t bytes, size_t alignment);
/* Bytes of a block of the arena; 0: not one. Needs no lock. */
size_t debug_arena_bytes(const void *payload);

#endif
