/* Names for addresses of code: by libdw where it is installed (file and line, functions
 * that are not exported), else by the dynamic linker's table. For reports only: it is
 * slow, and libdw takes its memory from the arena. The heap lock is not held. */
#ifndef SNUG_DEBUG_SYMBOL_H
#define SNUG_DEBUG_SYMBOL_H

#include "base/assertions.h"
#include "base/text.h"
#include "debug/stack.h"

struct debug_symbol {
    const char *function; /* NULL: not known, as the others */
    const char *linkage;  /* its name for the linker, C++'s mangled */
    const char *file;
    int line;
    const char *object;          /* program or library */
    uintptr_t offset;            /* in the object; without one, the address */
    struct debug_symbol *caller; /* the function that it was inlined into, with the line
                                    of the call; NULL: it has code of its own */
};

/* Before main: keeps the program's name, since many write a title over their arguments.
 */
void debug_symbol_begin(void);
/* The innermost function at the call that a frame of a stack returns to. Good until the
 * next call. */
const struct debug_symbol *debug_symbol_find(const struct debug_stack *stack,
                                             size_t frame);
/* "function at file:line" or "function (object+0x...)"; "(0x...)" for code that belongs
 * to nothing now, such as of a library that was unloaded. */
void debug_symbol_describe(struct text *text, const struct debug_symbol *symbol);

#endif
