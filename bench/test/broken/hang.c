/* malloc of BROKEN_BYTES never returns. */
#include <unistd.h>

#include "libc.h"

void *malloc(size_t bytes)
{
    if (bytes == BROKEN_BYTES) {
        for (;;) {
            pause();
        }
    }
    return __libc_malloc(bytes);
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
