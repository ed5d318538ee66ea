/* Memory pressure: how much is resident, the most that it has been (the ceiling), and
 * what is done before it becomes more; why is in DESIGN.md.
 *
 *     resident = touched - vacant (pages.h) + blocks with mappings of their own
 *
 * Memory that is asked for is found in this order:
 *
 *     1. The heap has a free block, or its top does not rise beyond the ceiling.
 *     2. What caches hold goes back to the heap, if it is worth the work.
 *     3. The heap grows. If more is resident then than ever before, pages of large free
 *        blocks go back to the system, or else the ceiling rises.
 *
 * Everything is called with the heap lock held. The heap itself never asks: it fails,
 * says what it wants (heap.wanted_bytes), and whoever has called it comes here. */
#ifndef SNUG_PRESSURE_H
#define SNUG_PRESSURE_H

#include "cache/cache.h"
#include "heap/large.h"

struct pressure {
    size_t ceiling_bytes;   /* the most that was resident */
    size_t given_bytes;     /* went back so that it was no more */
    size_t reclaimed_bytes; /* of medium blocks from caches, with other threads */
    size_t look_at_bytes;   /* resident; below it nothing large was free last time */
    size_t credit_bytes;    /* earned by growth, not yet spent on an emptied heap */
    size_t look_free_bytes; /* with more free than this the heap may be nearly empty */
    size_t look_used_bytes; /* once emptied: with less in use it may be, too */
    size_t filled_at_bytes; /* once emptied: with more in use it is no more */
    bool emptied;           /* most is free: caches were made lean */
    bool never;             /* nothing goes back but by malloc_trim */
};

extern OUR_OWN struct pressure pressure;

/* The heap has failed: make room for what it wants. true: try again, and once it is
 * done call pressure_settle; false: the system gives no memory. */
COLD_CODE bool pressure_relieve(void);
/* Whether more is resident than ever before is looked at, and acted on. */
COLD_CODE void pressure_settle(void);
/* The heap has failed to give a block, aligned or not: room is made as long as that
 * helps. NULL: the system gives no memory. */
COLD_CODE struct block *pressure_allocate_again(size_t bytes, size_t alignment,
                                                const void *like);
static ALWAYS_INLINE void pressure_note_cached_bytes(void)
{
    heap.cached_bytes = __libc_single_threaded ? cache.medium_bytes : 0;
}
/* heap_allocate, and again as long as that helps. NULL: the system gives no memory. */
static ALWAYS_INLINE struct block *pressure_allocate(size_t bytes)
{
    pressure_note_cached_bytes();
    struct block *const block = heap_allocate(bytes);
    return LIKELY(block != NULL)
               ? block
               : pressure_allocate_again(bytes, ALIGNMENT_BYTES, NULL);
}
/* The same of a block as large as its class. Before more becomes resident for it one of
 * the bytes needed does, as they were cut while there was one thread. */
struct block *pressure_allocate_rounded(size_t bytes, size_t needed);
/* heap_allocate_aligned in the same way. like: NULL, or the payload that is to move
 * there; then the caller calls pressure_settle, once the old block is free. */
struct block *pressure_allocate_aligned(size_t bytes, size_t alignment,
                                        const void *like);
/* A block with a mapping of its own, which is made without the lock that *locked tells
 * of. NULL: the system refuses. */
void *pressure_map(size_t bytes, size_t alignment, bool *locked);
/* A block has a second place now: whether its pages should move there, since more would
 * be resident than ever before. */
bool pressure_wants_move(void);
/* malloc_trim: true if anything went back. */
bool pressure_trim(size_t pad_bytes);

/* What pressure_after_free calls where it may be so: caches become lean or no longer,
 * and pages go back. */
COLD_CODE void pressure_consider(void);

/* In free blocks, above the top, in runs and in the thread's lists of medium blocks, as
 * far as it is resident; other lists are short. */
static ALWAYS_INLINE size_t pressure_free_bytes(void)
{
    return heap_spare_bytes() + run_free_sum + cache.medium_bytes;
}

/* After memory was freed, in slow paths: when nearly all is free, all goes back. Only
 * where no list of a cache is being walked. */
static ALWAYS_INLINE void pressure_after_free(void)
{
    if (UNLIKELY(pressure.emptied) ||
        UNLIKELY(pressure_free_bytes() > pressure.look_free_bytes)) {
        pressure_consider();
    }
}

#endif
