/* Broken: the header is 4 bytes, and so blocks are aligned to no more. */
#include "mm.h"

#include <stdint.h>
#include <string.h>

#include "memlib.h"

enum {
    HEADER_BYTES = 4,
};

int mm_init(void)
{
    return 0;
}

void *mm_malloc(size_t size)
{
    char *block = mem_sbrk((intptr_t)(HEADER_BYTES + (size + 7) / 8 * 8));
    if (block == (void *)-1) {
        return NULL;
    }
    const uint32_t header = (uint32_t)size;
    memcpy(block, &header, HEADER_BYTES);
    return block + HEADER_BYTES;
}

void mm_free(void *ptr)
{
    (void)ptr;
}

void *mm_realloc(void *ptr, size_t size)
{
    uint32_t old_size;
    memcpy(&old_size, (char *)ptr - HEADER_BYTES, HEADER_BYTES);
    void *moved = mm_malloc(size);
    if (moved != NULL) {
        memcpy(moved, ptr, old_size < size ? old_size : size);
    }
    return moved;
}
