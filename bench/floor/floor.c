/* The floor: what a replay costs when the allocator costs nothing.
 *
 * Blocks are addresses in one page that is used over and over, so they overlap, and
 * free does nothing. Only snugbench-worker may run on it, and only in modes that write
 * no more than the first byte of a block: any program that keeps data in its blocks
 * breaks. The few blocks that libc itself takes at start-up live, as the page is longer
 * than those together. What is measured under it is the replay loop, the calls and the
 * worker.
 *
 * It is built a second time as libsnugbench-floor-delayed.so, see floor/delay.h. */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "floor/delay.h"

enum {
    PAGE_BYTES = 4096,
    STEP_BYTES = 64,
    WINDOW_BYTES = 4 * PAGE_BYTES, /* room behind the last address */
};

static unsigned char window[WINDOW_BYTES] __attribute__((aligned(PAGE_BYTES)));
static size_t cursor_bytes;

#if FLOOR_IS_DELAYED
/* volatile: whoever starts it has written another number over this one in the file. */
static const volatile struct delay delay = {DELAY_MARK, DELAY_BASE_STEPS};

static inline void wait_now_and_then(void)
{
    static unsigned calls;
    if (++calls % DELAY_PERIOD_CALLS == 0) {
        for (uint32_t step = delay.steps; step > 0; step--) {
            __asm__ volatile("");
        }
    }
}
#else
static inline void wait_now_and_then(void)
{
}
#endif

static inline void *next_block(void)
{
    cursor_bytes = (cursor_bytes + STEP_BYTES) & (PAGE_BYTES - 1);
    return window + cursor_bytes;
}

/* One address for each alignment beyond a page, reserved at its first use. */
static void *far_block(size_t alignment)
{
    static void *blocks[64];
    void **block = &blocks[__builtin_ctzl(alignment)];
    if (*block == NULL) {
        unsigned char *start = mmap(NULL, 2 * alignment, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start == MAP_FAILED) {
            return NULL;
        }
        *block = start + (-(uintptr_t)start & (alignment - 1));
    }
    return *block;
}

static inline void *aligned_block(size_t alignment)
{
    if (alignment <= STEP_BYTES) {
        return next_block();
    }
    return alignment <= PAGE_BYTES ? window : far_block(alignment);
}

void *malloc(size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return next_block();
}

void free(void *block)
{
    wait_now_and_then();
    (void)block;
}

/* Zeroed as far as anyone writes. */
void *calloc(size_t count, size_t bytes)
{
    wait_now_and_then();
    (void)count, (void)bytes;
    unsigned char *block = next_block();
    *block = 0;
    return block;
}

void *realloc(void *block, size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return block != NULL ? block : next_block();
}

void *reallocarray(void *block, size_t count, size_t bytes)
{
    wait_now_and_then();
    (void)count, (void)bytes;
    return block != NULL ? block : next_block();
}

void *memalign(size_t alignment, size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return aligned_block(alignment);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return aligned_block(alignment);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    void *found = aligned_block(alignment);
    if (found == NULL) {
        return ENOMEM;
    }
    *block = found;
    return 0;
}

void *valloc(size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return window;
}

void *pvalloc(size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return window;
}

size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : 1;
}
