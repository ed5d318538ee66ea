/* Where the live blocks lie: a set ordered by address, keyed by slot, that finds any
 * overlap in O(log n). A treap in one array, whose priorities are a hash of the slot.
 *
 * Invariants: extents are disjoint (an overlapping one is never inserted); in a tree,
 * left < node < right by address, and no child has a higher priority than its parent.
 */
#ifndef SNUGBENCH_WORKER_EXTENTS_H
#define SNUGBENCH_WORKER_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

struct extent {
    uintptr_t start;
    uint64_t bytes;       /* at least 1 while in the set */
    uint32_t left, right; /* slots; 0: none */
};

struct extents {
    struct extent *nodes; /* by slot; slot 0 is never in the set */
    uint32_t root;
};

/* Pages for `slot_count` extents. false: no memory. */
bool extents_open(struct extents *extents, uint64_t slot_count);

/* The slot of a block that shares a byte with [start, start + bytes), whichever way
 * they lie: before, behind, inside, around. 0: none. */
uint32_t extents_overlap(const struct extents *extents, uintptr_t start,
                         uint64_t bytes);

/* The extent must be disjoint from all others, and its slot not in the set. */
void extents_insert(struct extents *extents, uint32_t slot, uintptr_t start,
                    uint64_t bytes);
void extents_remove(struct extents *extents, uint32_t slot);

#endif
