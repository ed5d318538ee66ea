/* malloc of BROKEN_BYTES takes SLEEP_NS, and no processor meanwhile. */
#include <time.h>

#include "libc.h"

enum {
    SLEEP_NS = 2 * 1000 * 1000
};

void *malloc(size_t bytes)
{
    if (bytes == BROKEN_BYTES) {
        const struct timespec pause = {.tv_nsec = SLEEP_NS};
        nanosleep(&pause, NULL);
    }
    return __libc_malloc(bytes);
}
