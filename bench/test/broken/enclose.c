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
