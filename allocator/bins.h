/* The index of free blocks: true best fit without scanning.
 *
 * Sizes below 1 KiB have one exact bin each, a doubly linked list, and one bit in a
 * map. Larger sizes share bins, thirty-two per power of two; a bin is a bitwise trie
 * over the size (a digital search tree, as in Lea's dlmalloc 2.8), whose nodes are the
 * free blocks themselves. Blocks of equal size hang as a doubly linked ring on the one
 * that stands in the trie. Finding, inserting and removing cost at most one step per
 * bit of the size below the bin's own: O(log size), whatever the number of free blocks.
 *
 * Invariants: every free block but the top is in exactly one bin, the one of its size;
 * a bin's bit is set exactly if the bin is not empty. Protected by the heap lock. */
#ifndef SNUG_BINS_H
#define SNUG_BINS_H

#include "block.h"

#define EXACT_LIMIT_BYTES KIB
#define EXACT_BIN_COUNT ((EXACT_LIMIT_BYTES - BLOCK_MIN_BYTES) / ALIGNMENT_BYTES)
#define TREE_BINS_SHIFT 5 /* 32 bins per power of two */
#define TREE_BIN_COUNT ((size_t)(48 - 10) << TREE_BINS_SHIFT)
#define TREE_MAP_WORDS ((TREE_BIN_COUNT + 63) / 64)

static_assert(EXACT_BIN_COUNT <= 64, "the exact bins have one word of bits");

struct bins {
    size_t tree_bytes; /* in free blocks of EXACT_LIMIT_BYTES and more */
    uint64_t exact_map;
    uint64_t tree_map[TREE_MAP_WORDS];
    struct block *exact[EXACT_BIN_COUNT];
    struct tree_block *trees[TREE_BIN_COUNT];
};

/* Enter a free block; its tag and footer stand already. */
void bins_insert(struct bins *bins, struct block *block);
/* Take a given free block out. */
void bins_remove(struct bins *bins, struct block *block);
/* Take out the smallest free block of at least `bytes`; NULL if there is none. */
struct block *bins_take_best(struct bins *bins, size_t bytes);

/* Whether there is a free block of at least `bytes`, EXACT_LIMIT_BYTES or more. */
bool bins_have(const struct bins *bins, size_t bytes);

/* Call visit for every free block, exact bins first, sizes ascending by bin. */
void bins_visit(const struct bins *bins,
                void (*visit)(const struct block *block, void *context), void *context);
/* The first invariant that does not hold, as a sentence; NULL if all hold. O(blocks).
 */
const char *bins_check(const struct bins *bins);

#endif
