/* The second block of BROKEN_BYTES begins inside the first. */
#include "libc.h"

static char *first;

void *malloc(size_t bytes)
{
    if (bytes == BROKEN_BYTES && first != NULL) {
        return first + BROKEN_BYTES / 2 / 16 * 16;
    }
    char *block = __libc_malloc(2 * bytes);
    if (bytes == BROKEN_BYTES) {
        first = block;
    }
    return block;
}
