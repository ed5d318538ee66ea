/* The functions of the malloc family by the names that logs have for them: C, C++ as
 * mangled and as written, and what each argument is. */
#ifndef SNUGBENCH_TRACE_FAMILY_H
#define SNUGBENCH_TRACE_FAMILY_H

#include <stddef.h>
#include <stdint.h>

enum family_effect {
    FAMILY_ALLOCATE,
    FAMILY_ALLOCATE_ZEROED,
    FAMILY_RESIZE,
    FAMILY_FREE,
    FAMILY_HIDE, /* allocates, but does not return the address */
};

struct family_function {
    const char *name;
    enum family_effect effect;
    /* A letter for each argument: 's' bytes, 'n' how many of them, 'a' alignment, 'p'
     * the block, 'z' bytes that the log may leave out, '-' anything. More may follow.
     */
    const char *arguments;
    uint64_t alignment; /* where no argument tells it; 0: any */
};

/* The function whose name, `length` bytes of it, stands at `text`: a '(', '@' or blank
 * follows. NULL: none of the family. */
const struct family_function *family_find(const char *text, size_t *length);

#endif
