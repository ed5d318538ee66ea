/* malloc of BROKEN_BYTES never returns. */
#include <unistd.h>

#include "libc.h"

void *malloc(size_t bytes)
{
    if (bytes == BROKEN_BYTES) {
        for (;;) {
            pause();
        }
    }
    return __libc_malloc(bytes);
}
