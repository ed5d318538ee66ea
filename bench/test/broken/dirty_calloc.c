/* calloc of BROKEN_BYTES in all leaves the last byte dirty. */
#include "libc.h"

void *calloc(size_t count, size_t bytes)
{
    char *block = __libc_calloc(count, bytes);
    if (count * bytes == BROKEN_BYTES) {
        block[BROKEN_BYTES - 1] = 1;
    }
    return block;
}
