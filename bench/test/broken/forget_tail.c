/* realloc to a hundred times BROKEN_BYTES stays in place and loses the last byte. */
#include "libc.h"

void *realloc(void *block, size_t bytes)
{
    if (bytes != 100 * (size_t)BROKEN_BYTES) {
        return __libc_realloc(block, bytes);
    }
    char *last = (char *)block + bytes - 1; /* the block is larger already */
    *last = (char)(*last ^ 1);
    return block;
}
