/* A usable size below what was asked for. */
#include "libc.h"

size_t malloc_usable_size(void *block)
{
    (void)block;
    return BROKEN_BYTES - 1;
}
