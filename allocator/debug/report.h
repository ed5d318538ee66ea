/* What the debug levels have to say, on stderr, by write(2) and without the heap. */
#ifndef SNUG_DEBUG_REPORT_H
#define SNUG_DEBUG_REPORT_H

#include "debug/stack.h"
#include "debug/table.h"

struct debug_error {
    const char *what;             /* the line begins with it */
    const void *pointer;          /* that the program gave, or of the damaged block */
    struct debug_block block;     /* that is there, or nearby; payload NULL: none */
    struct debug_release release; /* when `what` is about one */
    const char *where;            /* the first byte damaged; NULL: none */
    bool left_quarantine;         /* the pointer is into memory that was freed before */
};

/* "snug: WHAT 0x..., N bytes", then what happened here, where the block was allocated
 * and where it was freed; then abort. The heap lock is not held. */
_Noreturn void debug_report(const struct debug_error *error);
/* The block that a pointer is of, or near, and where it was allocated and freed. The
 * heap lock is not held. */
void debug_report_story(const void *pointer);
/* A stack, a line each frame, without the allocator's own. */
void debug_report_stack(const struct debug_stack *stack);

#endif
