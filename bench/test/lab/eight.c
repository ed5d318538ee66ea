/* Not broken: the blocks of a 32-bit textbook, aligned to 8 bytes and to no more.
 * Nothing is ever reused. */
#include "mm.h"

#include <stdint.h>
#include <string.h>

#include "config.h"
#include "memlib.h"

enum {
    HEADER_BYTES = 16,
};

int mm_init(void)
{
    return mem_sbrk(ALIGNMENT) == (void *)-1 ? -1 : 0;
}

void *mm_malloc(size_t size)
{
    const size_t bytes = HEADER_BYTES + (size + 15) / 16 * 16;
    char *block = mem_sbrk((intptr_t)bytes);
    if (block == (void *)-1) {
        return NULL;
    }
    memcpy(block, &size, sizeof size);
    return block + HEADER_BYTES;
}

void mm_free(void *ptr)
{
    (void)ptr;
}

void *mm_realloc(void *ptr, size_t size)
{
    size_t old_size;
    memcpy(&old_size, (char *)ptr - HEADER_BYTES, sizeof old_size);
    void *moved = mm_malloc(size);
    if (moved != NULL) {
        memcpy(moved, ptr, old_size < size ? old_size : size);
    }
    return moved;
}
