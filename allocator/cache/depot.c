#include "cache/depot.h"

#define DEPOT_LISTS 8 /* a depot fills a cache line */

struct depot {
    /* 0: a place without a list. */
    _Atomic uintptr_t lists[DEPOT_LISTS];
} __attribute__((aligned(64)));

static struct depot depots[CLASS_COUNT];
/* In all depots of small objects, and in all of medium blocks. */
static _Atomic size_t bytes_in_all[2];

static size_t bytes_of(size_t class, uintptr_t list)
{
    return list_bytes(class, list_limit(class, LIST_SHORT), list);
}

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
            atomic_fetch_sub_explicit(&bytes_in_all[class_is_medium(class)],
                                      bytes_of(class, list), memory_order_relaxed);
            return list;
        }
    }
    return 0;
}

bool depot_give(size_t class, uintptr_t list)
{
    _Atomic size_t *const all = &bytes_in_all[class_is_medium(class)];
    _Atomic uintptr_t *const lists = depots[class].lists;
    const size_t bytes = bytes_of(class, list);
    /* First: whoever takes the list subtracts. */
    atomic_fetch_add_explicit(all, bytes, memory_order_relaxed);
    for (size_t i = 0; i < DEPOT_LISTS; i++) {
        uintptr_t none = 0;
        if (atomic_load_explicit(&lists[i], memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong_explicit(
                &lists[i], &none, list, memory_order_release, memory_order_relaxed)) {
            return true;
        }
    }
    atomic_fetch_sub_explicit(all, bytes, memory_order_relaxed);
    return false;
}

size_t depot_bytes_of(size_t class)
{
    size_t bytes = 0;
    for (size_t i = 0; i < DEPOT_LISTS; i++) {
        bytes += bytes_of(
            class, atomic_load_explicit(&depots[class].lists[i], memory_order_relaxed));
    }
    return bytes;
}

size_t depot_bytes(bool medium)
{
    return atomic_load_explicit(&bytes_in_all[medium], memory_order_relaxed);
}
