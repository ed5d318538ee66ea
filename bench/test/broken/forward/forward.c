/* The calls that a broken allocator does right: on to the libc, unless it has its own.
 */
#include "test/broken/libc.h"

#define WEAK __attribute__((weak))

WEAK void *malloc(size_t bytes)
{
    return __libc_malloc(bytes);
}

WEAK void *calloc(size_t count, size_t bytes)
{
    return __libc_calloc(count, bytes);
}

WEAK void *realloc(void *block, size_t bytes)
{
    return __libc_realloc(block, bytes);
}

WEAK void *memalign(size_t alignment, size_t bytes)
{
    return __libc_memalign(alignment, bytes);
}

WEAK void free(void *block)
{
    __libc_free(block);
}
