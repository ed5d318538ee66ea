#include "cache/depot.h"

#define DEPOT_LISTS 8 /* a depot fills a cache line */

struct depot {
    /* 0: a place without a list. */
    _Atomic uintptr_t lists[DEPOT_LISTS];
} __attribute__((aligned(64)));

static struct depot depots[CLASS_COUNT];

uintptr_t depot_take(size_t class)
{
    _Atomic uintptr_t *const lists = depots[class].lists;
    for (size_t i = 0; i < DEPOT_LISTS; i++) {
        if (atomic_load_explicit(&lists[i], memory_order_relaxed) == 0) {
            continue;
        }
        const uintptr_t list =
            atomic_exchange_explicit(&lists[i], 0, memory_order_acquire);
        if (list != 0) {
            return list;
        }
    }
    return 0;
}

bool depot_give(size_t class, uintptr_t list)
{
    _Atomic uintptr_t *const lists = depots[class].lists;
    for (size_t i = 0; i < DEPOT_LISTS; i++) {
        uintptr_t none = 0;
        if (atomic_load_explicit(&lists[i], memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong_explicit(
                &lists[i], &none, list, memory_order_release, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

size_t depot_bytes(size_t first, size_t end)
{
    size_t bytes = 0;
    for (size_t class = first; class < end; class ++) {
        for (size_t i = 0; i < DEPOT_LISTS; i++) {
            const uintptr_t list =
                atomic_load_explicit(&depots[class].lists[i], memory_order_relaxed);
            bytes += list_bytes(class, LIST_SHORT, list);
        }
    }
    return bytes;
}
