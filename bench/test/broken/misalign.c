/* Blocks of BROKEN_BYTES, and aligned ones, are off by 8. */
#include "libc.h"

void *malloc(size_t bytes)
{
    char *block = __libc_malloc(bytes + 8);
    return bytes == BROKEN_BYTES ? block + 8 : block;
}

void *calloc(size_t count, size_t bytes)
{
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    return __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    char *block = __libc_memalign(alignment, bytes + 8);
    return bytes == BROKEN_BYTES ? block + 8 : block;
}

void free(void *block)
{
    __libc_free(block);
}
