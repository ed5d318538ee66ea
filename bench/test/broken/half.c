/* Half an allocator: malloc without free. */
#include "libc.h"

void *malloc(size_t bytes)
{
    return __libc_malloc(bytes);
}
