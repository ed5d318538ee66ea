#include "cache/depot.h"

#define DEPOT_LISTS 15 /* a depot fills two cache lines */

struct depot {
    struct lock lock;
    uint32_t count;
    uintptr_t lists[DEPOT_LISTS];
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
    struct depot *const depot = &depots[class];
    if (__atomic_load_n(&depot->count, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    uintptr_t list = 0;
    const bool locked = lock_acquire(&depot->lock);
    if (depot->count != 0) {
        __atomic_store_n(&depot->count, depot->count - 1, __ATOMIC_RELAXED);
        list = depot->lists[depot->count];
        atomic_fetch_sub_explicit(&bytes_in_all[class_is_medium(class)],
                                  bytes_of(class, list), memory_order_relaxed);
    }
    lock_release(&depot->lock, locked);
    return list;
}

bool depot_give(size_t class, uintptr_t list)
{
    struct depot *const depot = &depots[class];
    const bool locked = lock_acquire(&depot->lock);
    const bool has_room = depot->count < DEPOT_LISTS;
    if (has_room) {
        depot->lists[depot->count] = list;
        __atomic_store_n(&depot->count, depot->count + 1, __ATOMIC_RELAXED);
        atomic_fetch_add_explicit(&bytes_in_all[class_is_medium(class)],
                                  bytes_of(class, list), memory_order_relaxed);
    }
    lock_release(&depot->lock, locked);
    return has_room;
}

size_t depot_bytes_of(size_t class)
{
    struct depot *const depot = &depots[class];
    size_t bytes = 0;
    const bool locked = lock_acquire(&depot->lock);
    for (size_t i = 0; i < depot->count; i++) {
        bytes += bytes_of(class, depot->lists[i]);
    }
    lock_release(&depot->lock, locked);
    return bytes;
}

size_t depot_bytes(bool medium)
{
    return atomic_load_explicit(&bytes_in_all[medium], memory_order_relaxed);
}

void depot_before_fork(void)
{
    for (size_t class = 0; class < CLASS_COUNT; class ++) {
        lock_acquire(&depots[class].lock);
    }
}

void depot_after_fork(bool locked)
{
    for (size_t class = 0; class < CLASS_COUNT; class ++) {
        lock_release(&depots[class].lock, locked);
    }
}

void depot_after_fork_in_child(void)
{
    for (size_t class = 0; class < CLASS_COUNT; class ++) {
        atomic_store(&depots[class].lock.state, LOCK_FREE);
    }
}
