/* Not broken: a block of 0 bytes is NULL, as the C standard allows. */
#include "libc.h"

void *malloc(size_t bytes)
{
    return bytes == 0 ? NULL : __libc_malloc(bytes);
}
