/* malloc of BROKEN_BYTES finds no memory. */
#include "libc.h"

void *malloc(size_t bytes)
{
    return bytes == BROKEN_BYTES ? NULL : __libc_malloc(bytes);
}
