/* Blocks of BROKEN_BYTES, and aligned ones, are off by 8. */
#include "libc.h"

void *malloc(size_t bytes)
{
    char *block = __libc_malloc(bytes + 8);
    return bytes == BROKEN_BYTES ? block + 8 : block;
}

void *memalign(size_t alignment, size_t bytes)
{
    char *block = __libc_memalign(alignment, bytes + 8);
    return bytes == BROKEN_BYTES ? block + 8 : block;
}
