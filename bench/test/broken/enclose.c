/* A small block inside a large one: asked for in this order or the other, the second of
 * them lies wholly inside the first, or wholly around it. */
#include "libc.h"

static char *outer;

void *malloc(size_t bytes)
{
    if (bytes != BROKEN_BYTES && bytes != INNER_BYTES) {
        return __libc_malloc(bytes);
    }
    if (outer == NULL) {
        outer = __libc_malloc(BROKEN_BYTES);
    }
    return bytes == BROKEN_BYTES ? outer : outer + BROKEN_BYTES / 2 / 16 * 16;
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
