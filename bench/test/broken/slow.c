/* Two mallocs in a hundred take SLOW_NS longer than they need. */
#include <stdint.h>
#include <time.h>

#include "libc.h"

enum {
    SLOW_NS = 50000,
    SLOW_EVERY = 50,
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void *malloc(size_t bytes)
{
    static unsigned calls;
    if (++calls % SLOW_EVERY == 0) {
        for (int64_t start_ns = now_ns(); now_ns() - start_ns < SLOW_NS;) {
        }
    }
    return __libc_malloc(bytes);
}
