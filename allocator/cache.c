#include "cache.h"

#include <pthread.h>

enum cache_state {
    CACHE_UNBORN, /* the thread has not freed or refilled yet */
    CACHE_ALIVE,
    CACHE_DEAD /* the thread is ending: nothing is kept any more */
};

__thread struct cache cache;

/* Whole lists of one class that any thread may take; linked by the second word of their
 * first objects (so objects of 8 bytes have no depot). */
struct depot {
    struct lock lock;
    uintptr_t lists;
} __attribute__((aligned(64)));

static struct depot depots[CLASS_COUNT];
static _Atomic size_t depot_bytes; /* over all classes */
static struct cache *alive;        /* all caches alive, under the heap lock */
static bool threaded; /* more than one cache has lived; under the heap lock */

static struct {
    pthread_key_t key;
    bool made;
} at_exit;

static uint16_t list_limit(unsigned class)
{
    if (!threaded) {
        return LIST_LIMIT_SINGLE;
    }
    const size_t objects = LIST_LIMIT_BYTES / class_bytes(class);
    return (uint16_t)(objects < LIST_LIMIT_OBJECTS ? objects : LIST_LIMIT_OBJECTS);
}

static void set_limits(struct cache *which)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        __atomic_store_n(&which->limit[class], list_limit(class), __ATOMIC_RELAXED);
    }
}

/* Give every object of a list back to its run. Under the heap lock. */
static bool list_return(uintptr_t *list)
{
    const bool any = *list != 0;
    for (void *object = link_object(*list); object != NULL;) {
        void *const next = link_object(*(const uintptr_t *)object);
        run_return_object(object, map_entry(object));
        object = next;
    }
    *list = 0;
    return any;
}

static bool cache_return_all(void)
{
    bool any = false;
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        any |= list_return(&cache.current[class]);
        any |= list_return(&cache.parked[class]);
    }
    return any;
}

static uintptr_t *depot_link(uintptr_t list)
{
    return (uintptr_t *)link_object(list) + 1;
}

static size_t list_bytes(unsigned class, uintptr_t list)
{
    return link_depth(list) * class_bytes(class);
}

static uintptr_t depot_take(unsigned class)
{
    struct depot *const depot = &depots[class];
    if (__atomic_load_n(&depot->lists, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    const bool locked = lock_acquire(&depot->lock);
    const uintptr_t list = depot->lists;
    if (list != 0) {
        depot->lists = *depot_link(list);
    }
    lock_release(&depot->lock, locked);
    atomic_fetch_sub_explicit(&depot_bytes, list_bytes(class, list),
                              memory_order_relaxed);
    return list;
}

/* false: the depots hold enough, or the class has none. */
static bool depot_give(unsigned class, uintptr_t list)
{
    const size_t bytes = list_bytes(class, list);
    const size_t most = heap.region_bytes / DEPOT_SHARE / 64 + DEPOT_MIN_BYTES;
    if (class == 0 ||
        atomic_load_explicit(&depot_bytes, memory_order_relaxed) + bytes > most) {
        return false;
    }
    struct depot *const depot = &depots[class];
    const bool locked = lock_acquire(&depot->lock);
    *depot_link(list) = depot->lists;
    depot->lists = list;
    lock_release(&depot->lock, locked);
    atomic_fetch_add_explicit(&depot_bytes, bytes, memory_order_relaxed);
    return true;
}

bool cache_reclaim(void)
{
    bool any = cache_return_all();
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        for (uintptr_t list = depot_take(class); list != 0; list = depot_take(class)) {
            any |= list_return(&list);
        }
    }
    return any;
}

static void cache_die(void *unused)
{
    (void)unused;
    const bool locked = lock_acquire(&heap_lock);
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        cache.limit[class] = 0;
    }
    cache.state = CACHE_DEAD;
    cache_return_all();
    if (cache.next != NULL) {
        cache.next->previous = cache.previous;
    }
    if (cache.previous != NULL) {
        cache.previous->next = cache.next;
    } else {
        alive = cache.next;
    }
    lock_release(&heap_lock, locked);
}

/* The thread's first slow path. */
static void cache_be_born(void)
{
    cache.state = CACHE_ALIVE; /* first: what follows may allocate */
    const bool locked = lock_acquire(&heap_lock);
    heap.reclaim = cache_reclaim;
    const bool make_key = !at_exit.made;
    at_exit.made = true;
    if (alive != NULL && !threaded) { /* the first thread may no longer keep all */
        threaded = true;
        set_limits(alive);
    }
    cache.next = alive;
    if (alive != NULL) {
        alive->previous = &cache;
    }
    alive = &cache;
    set_limits(&cache);
    lock_release(&heap_lock, locked);
    if (make_key && pthread_key_create(&at_exit.key, cache_die) != 0) {
        fatal("no pthread key left");
    }
    pthread_setspecific(at_exit.key, &cache);
}

static void take_into_current(void *object, void *context)
{
    link_push(context, object);
}

static void *allocate_block(unsigned class, size_t size)
{
    struct block *const block = heap_allocate(block_bytes_from_request(size));
    if (block == NULL) {
        return NULL;
    }
    run_note_allocated(class, block_size(block));
    return block_payload(block);
}

void *cache_allocate(unsigned class, size_t size)
{
    if (UNLIKELY(cache.state == CACHE_UNBORN)) {
        cache_be_born();
    }
    uintptr_t *const current = &cache.current[class];
    if (cache.parked[class] != 0) {
        *current = cache.parked[class];
        cache.parked[class] = 0;
        return cache_pop(class);
    }
    *current = depot_take(class);
    if (*current != 0) {
        return cache_pop(class);
    }
    const bool locked = lock_acquire(&heap_lock);
    void *payload = NULL;
    if (LIKELY(run_serves(class) && cache.state == CACHE_ALIVE)) {
        run_take_objects(class, take_into_current, current);
        payload = cache_pop(class);
    }
    if (payload == NULL) {
        payload = allocate_block(class, size);
    }
    lock_release(&heap_lock, locked);
    return payload;
}

/* Make room for a list that is full: the parked one leaves the thread. */
static void park(unsigned class)
{
    uintptr_t parked = cache.parked[class];
    cache.parked[class] = cache.current[class];
    cache.current[class] = 0;
    if (parked == 0 || (threaded && depot_give(class, parked))) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    list_return(&parked);
    lock_release(&heap_lock, locked);
}

void cache_free(unsigned class, void *object)
{
    if (cache.state == CACHE_UNBORN) {
        cache_be_born();
    } else if (cache.state == CACHE_ALIVE) {
        park(class);
    }
    if (cache_push(class, object)) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    run_return_object(object, map_entry(object));
    lock_release(&heap_lock, locked);
}

void cache_before_fork(void)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        lock_acquire(&depots[class].lock);
    }
}

void cache_after_fork(bool locked)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        lock_release(&depots[class].lock, locked);
    }
}

void cache_after_fork_in_child(void)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        atomic_store(&depots[class].lock.state, LOCK_FREE);
    }
    /* The other threads' caches stay as they were at the fork, unused: their
     * thread-local memory may be given to new threads, so no list may lead there. */
    alive = cache.state == CACHE_ALIVE ? &cache : NULL;
    cache.next = cache.previous = NULL;
}
