/* realloc to a hundred times BROKEN_BYTES stays in place and loses the last byte. */
#include "libc.h"

void *malloc(size_t bytes)
{
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    if (bytes != 100 * (size_t)BROKEN_BYTES) {
        return __libc_realloc(block, bytes);
    }
    char *last = (char *)block + bytes - 1; /* the block is larger already */
    *last = (char)(*last ^ 1);
    return block;
}

void *memalign(size_t alignment, size_t bytes)
{
    return __libc_memalign(alignment, bytes);
}

void free(void *block)
{
    __libc_free(block);
}
