/* The gate from a pointer that the program gives to what stands there. Every slow path
 * goes through it: free, realloc, the usable size, and those who look at memory. The
 * hot paths (fast.h, malloc.c) and free_sized, which take no lock, make the first of
 * its tests themselves. A debug level has its own gate, a table (debug/table.h). */
#ifndef SNUG_POINTER_H
#define SNUG_POINTER_H

#include "heap/heap.h"
#include "snug.h"

/* An object of a run, the payload of a heap block, a mapping or a zero-size block, in
 * use or free; address NULL: nothing of snug's begins there. A pointer to where a free
 * block began that has been coalesced is of a free block of 0 bytes. O(regions). Under
 * the heap lock. */
struct snug_block pointer_identify(const void *ptr);

/* The same for a pointer that must be in use, or the process ends. */
struct snug_block pointer_require_live(const void *ptr, const struct misuse *misuse);

/* End the process for a pointer to nothing, or to what is free already. Needs no
 * lock if it is into a run. */
COLD_CODE _Noreturn void pointer_misused(const void *ptr, const struct misuse *misuse);

/* A block in a region by its tag, without the lock; NULL: it is none, or only the gate
 * can tell. O(regions). */
static ALWAYS_INLINE struct block *pointer_own_block(const void *ptr)
{
    struct block *const block = block_from_payload(ptr);
    size_t bytes;
    return heap_spans(ptr) &&
                   block_is_within(block, BLOCK_MIN_BYTES, BLOCK_SIZE_MASK, &bytes)
               ? block
               : NULL;
}

/* The same, but NULL also if it is in a list of a cache. */
static ALWAYS_INLINE struct block *pointer_own_live_block(const void *ptr)
{
    struct block *const block = pointer_own_block(ptr);
    return LIKELY(block != NULL) && LIKELY(!object_is_free(ptr)) ? block : NULL;
}

#endif
