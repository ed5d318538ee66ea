#include "cache/depot.h"

/* Lists are linked through the first object of each, in the place of its canary, which
 * is set again when the list is taken. */
struct depot {
    struct lock lock;
    uintptr_t lists;
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
    if (__atomic_load_n(&depot->lists, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    const bool locked = lock_acquire(&depot->lock);
    const uintptr_t link = depot->lists;
    if (link != 0) {
        uintptr_t *const first = link_object(link);
        __atomic_store_n(&depot->lists, first[1] ^ object_key(first), __ATOMIC_RELAXED);
        object_set_canary(first);
        atomic_fetch_sub_explicit(&bytes_in_all[class_is_medium(class)],
                                  bytes_of(class, link), memory_order_relaxed);
    }
    lock_release(&depot->lock, locked);
    return link;
}

/* Most bytes in the depots, of small objects or of medium blocks. */
static size_t depot_limit(size_t class)
{
    const size_t touched = __atomic_load_n(&heap.touched_bytes, __ATOMIC_RELAXED);
    return class_is_medium(class)
               ? touched / MEDIUM_DEPOT_SHARE + MEDIUM_DEPOT_MIN_BYTES
               : touched / DEPOT_SHARE + DEPOT_MIN_BYTES;
}

bool depot_give(size_t class, uintptr_t link)
{
    _Atomic size_t *const sum = &bytes_in_all[class_is_medium(class)];
    if (atomic_load_explicit(sum, memory_order_relaxed) > depot_limit(class)) {
        return false;
    }
    struct depot *const depot = &depots[class];
    const bool locked = lock_acquire(&depot->lock);
    uintptr_t *const first = link_object(link);
    first[1] = depot->lists ^ object_key(first);
    __atomic_store_n(&depot->lists, link, __ATOMIC_RELAXED);
    atomic_fetch_add_explicit(sum, bytes_of(class, link), memory_order_relaxed);
    lock_release(&depot->lock, locked);
    return true;
}

size_t depot_bytes_of(size_t class)
{
    struct depot *const depot = &depots[class];
    size_t bytes = 0;
    const bool locked = lock_acquire(&depot->lock);
    for (uintptr_t link = depot->lists; link != 0;) {
        uintptr_t *const first = link_object(link);
        bytes += bytes_of(class, link);
        link = first[1] ^ object_key(first);
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
