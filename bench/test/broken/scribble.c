/* malloc of BROKEN_BYTES writes into the last block of INNER_BYTES. */
#include "libc.h"

static char *victim;

void *malloc(size_t bytes)
{
    char *block = __libc_malloc(bytes);
    if (bytes == INNER_BYTES) {
        victim = block;
    } else if (bytes == BROKEN_BYTES) {
        victim[INNER_BYTES - 1] = (char)(victim[INNER_BYTES - 1] ^ 0x80);
    }
    return block;
}
