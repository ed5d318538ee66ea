/* realloc to BROKEN_BYTES moves the block and keeps only the first 99 bytes. */
#include "libc.h"

void *realloc(void *block, size_t bytes)
{
    if (bytes != BROKEN_BYTES) {
        return __libc_realloc(block, bytes);
    }
    size_t old_bytes = malloc_usable_size(block);
    size_t kept_bytes = old_bytes < bytes ? old_bytes : bytes;
    char *moved = __libc_malloc(bytes);
    memcpy(moved, block, kept_bytes);
    for (size_t i = INNER_BYTES - 1; i < kept_bytes; i++) {
        moved[i] = (char)(moved[i] ^ 1);
    }
    __libc_free(block);
    return moved;
}
