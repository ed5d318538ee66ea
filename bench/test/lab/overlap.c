/* Broken: a size is rounded down where it should be rounded up, so that the end of a
 * block lies in the next one. */
#include "mm.h"

#include <stdint.h>

#include "memlib.h"

int mm_init(void)
{
    return 0;
}

void *mm_malloc(size_t size)
{
    char *block = mem_sbrk((intptr_t)(size < 16 ? 16 : size / 16 * 16));
    return block == (void *)-1 ? NULL : block;
}

void mm_free(void *ptr)
{
    (void)ptr;
}

void *mm_realloc(void *ptr, size_t size)
{
    (void)ptr;
    return mm_malloc(size);
}
