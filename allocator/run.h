/* Runs: small objects of one size class, side by side, with no header of their own.
 *
 *     | tag |# run | object | object | object | never used | tag of the next block |
 *            ^ a granule                                     ^ 8 bytes before one
 *
 * A run is a heap block whose payload starts on a granule and whose size is whole
 * granules, so that runs behind each other leave no gap. It begins with its bookkeeping
 * (struct run). The map names the class and the start of the run for each granule.
 *
 * Invariants, for each run (run_check tests them in this order):
 *     the map names the run for exactly its granules
 *     live + free objects + objects never used == capacity
 *     the run is in its class's list exactly if it has free or never used objects
 *     live > 0: an empty run goes back to the heap at once
 * where live counts what the program holds and what stands in caches. Protected by the
 * heap lock. */
#ifndef SNUG_RUN_H
#define SNUG_RUN_H

#include "class.h"
#include "heap.h"
#include "map.h"

/* A map entry: 0 no run, else class + 1 in the low bits, granules back in the high. */
enum {
    ENTRY_CLASS_BITS = 6,
    ENTRY_CLASS_MASK = (1 << ENTRY_CLASS_BITS) - 1
};

static_assert(CLASS_COUNT <= ENTRY_CLASS_MASK, "class + 1 fits into its bits");

/* entry != 0 */
static ALWAYS_INLINE unsigned entry_class(unsigned entry)
{
    return (entry & ENTRY_CLASS_MASK) - 1;
}

/* Whether objects of a class come from runs by now. Until then the heap serves the
 * class, and is counted: a class gets runs for good once RUN_WORTH_BLOCKS of its blocks
 * live. */
bool run_serves(unsigned class);
void run_note_allocated(unsigned class, size_t block_bytes);
void run_note_freed(size_t block_bytes);

/* Take free objects of a class from one run, as many as it can give at once: calls
 * `take` for each. 0: the heap gives no memory for a run. */
size_t run_take_objects(unsigned class, void (*take)(void *object, void *context),
                        void *context);
/* Put an object back; its map entry is given. */
void run_return_object(void *object, unsigned entry);
/* Whether an object may begin here; false for pointers between objects, into the
 * bookkeeping, or to objects that were never used. */
bool run_has_object_at(const void *pointer, unsigned entry);

struct run_totals {
    size_t runs;
    size_t free_bytes; /* objects free or never used, caches not included */
};
struct run_totals run_totals(void);
const char *run_check(void);

#endif
