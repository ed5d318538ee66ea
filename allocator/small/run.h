/* Runs: small objects of one size class, side by side, with no header of their own.
 *
 *     | tag | object | object | object | never used | run | tag of the next block |
 *            ^ a granule                                   ^ 8 bytes before one
 *
 * A run is a heap block whose payload starts on a granule and whose size is whole
 * granules; the map has its class, start and end for each. It ends with its
 * bookkeeping, so that objects stand at multiples of their size from a granule on:
 * what divides the size of a class and a granule, all its objects are aligned to.
 *
 * Invariants, for each run (run_check tests them in this order, of listed ones):
 *     the map names the run for exactly its granules
 *     live + free objects + objects never used == capacity
 *     the run is in its class's list exactly if it has free or never used objects
 *     live > 0: an empty run goes back to the heap at once
 *     the bytes of what is free in all runs are run_free_sum
 * where live counts what caches hold, too. Protected by the heap lock. */
#ifndef SNUG_RUN_H
#define SNUG_RUN_H

#include "base/object.h"
#include "heap/heap.h"
#include "heap/map.h"
#include "small/class.h"

#define RUN_WORDS 2

/* The bookkeeping at a run's end. */
struct run {
    uint8_t size_class; /* first: what runs over the last object is noticed by it */
    uint8_t granules;
    uint16_t live;
    uint16_t carved_end; /* objects from this offset on were never used */
    uint16_t end;        /* where the last object ends */
    uint32_t next; /* of its class, with something to give, by its granule; 0: none */
    uint32_t previous;
    uint64_t free[RUN_WORDS]; /* a bit for each object that no cache has */
};

/* From there to the granule behind the run. */
#define RUN_TAIL_BYTES (sizeof(struct run) + BLOCK_HEADER_BYTES)

static_assert(RUN_LIMIT_GRANULES <= 16, "the map counts them by four bits");
static_assert(RUN_TAIL_BYTES % BLOCK_HEADER_BYTES == 0 && RUN_TAIL_BYTES <= 64,
              "the bookkeeping is aligned, and in one cache line");

/* The run of a pointer into one, for which the map has this entry. */
static ALWAYS_INLINE struct run *run_of(struct map_entry entry, const void *pointer)
{
    const uintptr_t last = ((uintptr_t)pointer | (GRANULE_BYTES - 1)) +
                           ((uintptr_t)entry.forward << GRANULE_SHIFT);
    return (struct run *)(last + 1 - RUN_TAIL_BYTES);
}

/* Its first object, at a granule; from such a pointer, or from itself. */
static ALWAYS_INLINE char *run_start(struct map_entry entry, const void *pointer)
{
    const uintptr_t granule = (uintptr_t)pointer & ~(GRANULE_BYTES - 1);
    return (char *)(granule - ((uintptr_t)entry.back << GRANULE_SHIFT));
}

static ALWAYS_INLINE char *run_objects(const struct run *run)
{
    return (char *)((uintptr_t)run + RUN_TAIL_BYTES -
                    ((uintptr_t)run->granules << GRANULE_SHIFT));
}

/* Whether objects of a class come from runs by now. Until then the heap serves the
 * class, and is counted: a class gets runs for good once RUN_WORTH_BLOCKS of its blocks
 * live, or after RUN_WORTH_REQUESTS requests. The largest blocks, from 528 bytes on,
 * have lists when they are freed, and count as live for good. */
bool run_serves(size_t size_class);
void run_note_allocated(size_t size_class, size_t block_bytes);
/* A block of any size went back to the heap. */
void run_note_freed(size_t block_bytes);

/* Free objects of one run, `most` of them at most; none: the heap fails to give memory
 * for a run, as heap_allocate. */
struct list run_take_list(size_t size_class, size_t most);
/* Put all objects of a list back, each to its run; returns their number. */
size_t run_return_list(size_t size_class, void *first);

/* Whether an object that is free is its run's; else a cache has it. */
bool run_has_free(const struct run *run, const void *object);

/* 2^32 / class_bytes, rounded up; 0 for a class that has had no run. */
extern OUR_OWN uint32_t run_inverse[SMALL_CLASS_COUNT];

/* Whether an object begins at a pointer for which the map has this entry; false, too,
 * where the map has no run. Divides without dividing (Lemire, Kaser, Kurz: Faster
 * remainder by direct computation, 2019): the product's low half is the remainder, as a
 * fraction of the divisor. */
static ALWAYS_INLINE bool run_is_object(struct map_entry entry, const void *pointer)
{
    const size_t within = (uintptr_t)pointer & (GRANULE_BYTES - 1);
    const size_t offset = within + ((size_t)entry.back << GRANULE_SHIFT);
    const uint32_t inverse =
        __atomic_load_n(&run_inverse[entry.size_class], __ATOMIC_RELAXED);
    return (uint32_t)offset * inverse < inverse;
}

/* In objects of a class that are free or were never used, caches not included.
 * O(runs). */
size_t run_free_bytes(size_t size_class);
/* The sum over all classes. */
extern OUR_OWN size_t run_free_sum;
extern OUR_OWN size_t run_count;
const char *run_check(void);

#endif
