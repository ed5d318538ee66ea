/* Call stacks: captured by debug/unwind.h, each different one stored once and named by
 * a number. */
#ifndef SNUG_DEBUG_STACK_H
#define SNUG_DEBUG_STACK_H

#include "base/size.h"

#define DEBUG_STACK_FRAMES ((size_t)32)

struct debug_stack {
    size_t count;
    uint32_t number;                  /* that it is stored under; 0: not stored */
    void *frames[DEBUG_STACK_FRAMES]; /* return addresses, innermost first */
};

/* The stack from the first caller that is not the allocator's. The heap lock is not
 * held. */
void debug_stack_capture(struct debug_stack *stack);
/* Its number; 0 for an empty one, or where there is no memory. Under the heap lock. */
uint32_t debug_stack_store(const struct debug_stack *stack);
/* Above the numbers of all stacks stored so far; none of a later one is lower. The heap
 * lock is not held. */
uint32_t debug_stack_numbers_end(void);
/* By its number; the empty one for 0. Stored stacks do not change. */
struct debug_stack debug_stack_load(uint32_t number);

#endif
