/* calloc of BROKEN_BYTES in all leaves the last byte dirty. */
#include "libc.h"

void *malloc(size_t bytes)
{
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    char *block = __libc_calloc(count, bytes);
    if (count * bytes == BROKEN_BYTES) {
        block[BROKEN_BYTES - 1] = 1;
    }
    return block;
}

void *realloc(void *block, size_t bytes)
{
    return __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    return __libc_memalign(alignment, bytes);
}

void free(void *block)
{
    __libc_free(block);
}
