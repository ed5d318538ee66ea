/* What is done to the heap as a whole: malloc_trim, mallopt, and its check. */
#include "snug.h"

#include "api/entry.h"
#include "cache/pressure.h"

/* The most that M_MXFAST may be, as in glibc. */
#define MXFAST_LIMIT_BYTES (80 * sizeof(size_t) / 4)

int snug_malloc_trim(size_t pad)
{
    const bool locked = lock_acquire(&heap_lock);
    const bool given_back = pressure_trim(pad);
    lock_release(&heap_lock, locked);
    return given_back ? 1 : 0;
}

/* Under the lock. false: no parameter of malloc.h, or glibc would refuse the value. */
static bool set_parameter(int parameter, int value)
{
    const size_t bytes = value < 0 ? SIZE_MAX : (size_t)value;
    switch (parameter) {
    case M_MMAP_THRESHOLD:
        policy_set_mmap_threshold(bytes);
        return true;
    case M_MMAP_MAX:
        policy.no_mappings = value <= 0;
        return true;
    case M_TRIM_THRESHOLD:
        pressure.never = value < 0;
        return true;
    case M_TOP_PAD:
        heap.top_pad_bytes = bytes;
        return true;
    case M_MXFAST:
        return bytes <= MXFAST_LIMIT_BYTES;
    case M_NLBLKS:
    case M_GRAIN:
    case M_KEEP:
    case M_CHECK_ACTION:
    case M_PERTURB:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return true;
    default:
        return false;
    }
}

int snug_mallopt(int parameter, int value)
{
    const bool locked = lock_acquire(&heap_lock);
    const bool done = set_parameter(parameter, value);
    lock_release(&heap_lock, locked);
    return done ? 1 : 0;
}

const char *snug_check_heap(void)
{
    const bool locked = lock_acquire(&heap_lock);
    static const char *(*const checks[])(void) = {heap_check, run_check, large_check,
                                                  cache_check};
    const char *broken = NULL;
    for (size_t i = 0; broken == NULL && i < sizeof checks / sizeof *checks; i++) {
        broken = checks[i]();
    }
    lock_release(&heap_lock, locked);
    return broken;
}
