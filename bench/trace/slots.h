/* The set of empty slots of a trace that is being built: the smallest empty one is
 * found in a few steps (a bitmap with summaries, 64 ways at each level).
 *
 * Invariants: a slot below `next` is empty if and only if its bit in level 0 is set; a
 * bit of level k+1 is set if and only if its word in level k is not zero; the last
 * level has one word. Slot 0 is never given out. */
#ifndef SNUGBENCH_TRACE_SLOTS_H
#define SNUGBENCH_TRACE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOTS_LEVELS 6 /* 64^6 = 2^36 slots, more than a uint32_t can name */

struct slots {
    uint64_t *level[SLOTS_LEVELS];
    size_t level_words[SLOTS_LEVELS];
    int levels;        /* in use; 0: there is no bitmap yet */
    uint64_t capacity; /* slots the bitmap has room for */
    uint64_t next;     /* never given out so far; 1 at the start */
};

void slots_init(struct slots *slots);
void slots_destroy(struct slots *slots);

/* 0: out of memory (errno). */
uint32_t slots_take(struct slots *slots);
void slots_release(struct slots *slots, uint32_t slot);

#endif
