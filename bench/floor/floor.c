/* The floor: what a replay costs when the allocator costs nothing.
 *
 * Blocks are addresses in one page (of each thread) that is used over and over, so they
 * overlap, and free does nothing. Only snugbench-worker may run on it, and only in
 * modes that write no more than the first byte of a block: any program that keeps data
 * in its blocks breaks. The few blocks that libc itself takes at start-up live, as the
 * page is longer than those together. What is measured under it is the replay loop, the
 * calls and the worker.
 *
 * It is built a second time as libsnugbench-floor-delayed.so, see floor/delay.h. */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "floor/delay.h"

enum {
    PAGE_BYTES = 4096,
    STEP_BYTES = 64,
    WINDOW_BYTES = 4 * PAGE_BYTES, /* room behind the last address */
    WINDOW_COUNT = 16,
};

/* A window for each thread, as far as they last, so that threads do not write to one
 * cache line. Blocks are in its first page; so bit 12 of an address is set only when it
 * has come to the end. */
static unsigned char windows[WINDOW_COUNT][WINDOW_BYTES]
    __attribute__((aligned(2 * PAGE_BYTES)));
static __thread unsigned char *last_block __attribute__((tls_model("initial-exec"))) =
    windows[0];

/* What calloc gives out instead, for a worker that begins a thread: libc keeps the
 * thread's own data in it. */
static __thread unsigned char *kept __attribute__((tls_model("initial-exec")));
static __thread size_t kept_bytes __attribute__((tls_model("initial-exec")));

#if FLOOR_IS_DELAYED
/* volatile: whoever starts it has written another number over this one in the file. */
static const volatile struct delay delay = {DELAY_MARK, DELAY_BASE_STEPS};

static inline void wait_now_and_then(void)
{
    static __thread unsigned calls __attribute__((tls_model("initial-exec")));
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

static inline unsigned char *window_of_thread(void)
{
    return last_block - ((uintptr_t)last_block & (PAGE_BYTES - 1));
}

static inline unsigned char *next_block(void)
{
    unsigned char *block = last_block + STEP_BYTES;
    block -= (uintptr_t)block & PAGE_BYTES;
    last_block = block;
    return block;
}

void snugbench_floor_part(uint32_t part);
void snugbench_floor_part(uint32_t part)
{
    last_block = windows[part % WINDOW_COUNT];
}

void snugbench_floor_keep(void *memory, size_t bytes);
void snugbench_floor_keep(void *memory, size_t bytes)
{
    kept = memory;
    kept_bytes = bytes;
}

static void *keep_block(size_t bytes)
{
    if (bytes > kept_bytes) {
        return NULL;
    }
    unsigned char *block = kept;
    const size_t taken_bytes = (bytes + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    kept += taken_bytes;
    kept_bytes = taken_bytes < kept_bytes ? kept_bytes - taken_bytes : 0;
    return memset(block, 0, bytes);
}

/* One address for each alignment beyond a page, reserved at its first use. */
static void *far_block(size_t alignment)
{
    static void *blocks[64];
    void **block = &blocks[__builtin_ctzl(alignment)];
    void *found = __atomic_load_n(block, __ATOMIC_RELAXED);
    if (found == NULL) {
        unsigned char *start = mmap(NULL, 2 * alignment, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start == MAP_FAILED) {
            return NULL;
        }
        found = start + (-(uintptr_t)start & (alignment - 1));
        __atomic_store_n(block, found, __ATOMIC_RELAXED);
    }
    return found;
}

static inline void *aligned_block(size_t alignment)
{
    if (alignment <= STEP_BYTES) {
        return next_block();
    }
    return alignment <= PAGE_BYTES ? window_of_thread() : far_block(alignment);
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
    if (__builtin_expect(kept != NULL, 0)) {
        return keep_block(count * bytes);
    }
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
    return window_of_thread();
}

void *pvalloc(size_t bytes)
{
    wait_now_and_then();
    (void)bytes;
    return window_of_thread();
}

size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : 1;
}
