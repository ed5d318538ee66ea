/* malloc of BROKEN_BYTES dies of SIGSEGV. */
#include "libc.h"

void *malloc(size_t bytes)
{
    static const char read_only[] = "constant";
    if (bytes == BROKEN_BYTES) {
        *(volatile char *)(size_t)read_only = 0;
    }
    return __libc_malloc(bytes);
}
