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
    return __libc_memalign(alignment, bytes);
}

void free(void *block)
{
    __libc_free(block);
}
