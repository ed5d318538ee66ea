/* suppress=FILE: leaks that are known. A line is a part of the name of a function or
 * object; a leak with such a name anywhere in its call stack is not reported. Lines may
 * begin with "leak:", as LeakSanitizer's do, or with '#': a comment. */
#ifndef SNUG_DEBUG_SUPPRESS_H
#define SNUG_DEBUG_SUPPRESS_H

#include "debug/stack.h"

bool debug_suppressed(const struct debug_stack *stack);

#endif
