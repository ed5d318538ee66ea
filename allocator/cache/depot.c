#include "cache/depot.h"

#define DEPOT_LISTS 8 /* a depot fills a cache line */

struct depot {
    /* 0: a place without a list. */
    _Atomic uintptr_t lists[DEPOT_LISTS];
} __attribute__((aligned(64)));

static struct depot depots[CLASS_COUNT];

/* A list in one word: its first object, the number of all in the upper bits. */
static uintptr_t pack(struct list list)
{
    return (uintptr_t)list.first | list.count << ADDRESS_BITS;
}

static struct list unpack(uintptr_t place)
{
    return (struct list){
        .first = (void *)(place & (((uintptr_t)1 << ADDRESS_BITS) - 1)),
        .count = place >> ADDRESS_BITS,
    };
}

struct list depot_take(size_t class)
{
    _Atomic uintptr_t *const lists = depots[class].lists;
    uintptr_t taken = 0;
    for (size_t i = 0; i < DEPOT_LISTS && taken == 0; i++) {
        if (atomic_load_explicit(&lists[i], memory_order_relaxed) != 0) {
            taken = atomic_exchange_explicit(&lists[i], 0, memory_order_acquire);
        }
    }
    return unpack(taken);
}

bool depot_give(size_t class, struct list list)
{
    _Atomic uintptr_t *const lists = depots[class].lists;
    for (size_t i = 0; i < DEPOT_LISTS; i++) {
        uintptr_t none = 0;
        if (atomic_load_explicit(&lists[i], memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong_explicit(&lists[i], &none, pack(list),
                                                    memory_order_release,
                                                    memory_order_relaxed)) {
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
            const uintptr_t place =
                atomic_load_explicit(&depots[class].lists[i], memory_order_relaxed);
            bytes += list_bytes(class, unpack(place).count);
        }
    }
    return bytes;
}
