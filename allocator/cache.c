#include "cache.h"

#include <pthread.h>

__thread struct cache cache;

/* Whole lists of one class that any thread may take; linked by the second word of their
 * first objects (so objects of 8 bytes have no depot). */
struct depot {
    struct lock lock;
    uintptr_t lists;
} __attribute__((aligned(64)));

static struct depot depots[CLASS_COUNT];
static _Atomic size_t depot_bytes; /* over all classes */
/* How many objects a list of this thread holds. */
static size_t list_limit(size_t size_class)
{
    const size_t bytes = cache.shares ? LIST_LIMIT_BYTES : LIST_LIMIT_SINGLE_BYTES;
    const size_t most = cache.shares ? LIST_LIMIT_OBJECTS : LIST_LIMIT_SINGLE_OBJECTS;
    return bytes / class_bytes(size_class) < most ? bytes / class_bytes(size_class)
                                                  : most;
}

static uintptr_t empty_list(size_t size_class)
{
    const size_t room = cache.state == CACHE_ALIVE ? list_limit(size_class) : 0;
    return room << LINK_ROOM_SHIFT;
}

/* Give every object of a list back to its run. Under the heap lock. */
static bool list_return(uintptr_t list)
{
    const bool any = link_object(list) != NULL;
    for (void *object = link_object(list); object != NULL;) {
        void *const next = link_object(*(const uintptr_t *)object);
        run_return_object(object);
        object = next;
    }
    return any;
}

static bool cache_return_all(void)
{
    bool any = medium_return_all();
    for (size_t size_class = 1; size_class < CLASS_COUNT; size_class++) {
        any |= list_return(cache.current[size_class]);
        any |= list_return(cache.parked[size_class]);
        cache.current[size_class] = empty_list(size_class);
        cache.parked[size_class] = 0;
    }
    return any;
}

/* The thread is not alone any more: its lists become short. Under the heap lock. */
static void cache_begin_sharing(void)
{
    cache.shares = true;
    cache_return_all();
}

static uintptr_t *depot_link(uintptr_t list)
{
    return (uintptr_t *)link_object(list) + 1;
}

static uintptr_t depot_take(size_t size_class)
{
    struct depot *const depot = &depots[size_class];
    if (__atomic_load_n(&depot->lists, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    const bool locked = lock_acquire(&depot->lock);
    const uintptr_t list = depot->lists;
    if (list != 0) {
        __atomic_store_n(&depot->lists, *depot_link(list), __ATOMIC_RELAXED);
        atomic_fetch_sub_explicit(&depot_bytes, LIST_LIMIT_BYTES, memory_order_relaxed);
    }
    lock_release(&depot->lock, locked);
    return list;
}

/* A full list for other threads. false: the depots hold enough, or the class has none.
 */
static bool depot_give(size_t size_class, uintptr_t list)
{
    const size_t touched = __atomic_load_n(&heap.touched_bytes, __ATOMIC_RELAXED);
    const size_t most = touched / DEPOT_SHARE + DEPOT_MIN_BYTES;
    if (class_bytes(size_class) < 2 * sizeof(uintptr_t) ||
        atomic_load_explicit(&depot_bytes, memory_order_relaxed) > most) {
        return false;
    }
    struct depot *const depot = &depots[size_class];
    const bool locked = lock_acquire(&depot->lock);
    *depot_link(list) = depot->lists;
    __atomic_store_n(&depot->lists, list, __ATOMIC_RELAXED);
    atomic_fetch_add_explicit(&depot_bytes, LIST_LIMIT_BYTES, memory_order_relaxed);
    lock_release(&depot->lock, locked);
    return true;
}

/* Bytes in this thread's lists and in the depots, from the room that is left in them.
 */
static size_t cached_bytes(void)
{
    size_t bytes = medium_cache.kept_bytes +
                   atomic_load_explicit(&depot_bytes, memory_order_relaxed);
    for (size_t size_class = 1; size_class < CLASS_COUNT; size_class++) {
        const size_t limit = list_limit(size_class);
        const size_t objects = limit - link_room(cache.current[size_class]) +
                               (cache.parked[size_class] != 0 ? limit : 0);
        bytes += objects * class_bytes(size_class);
    }
    return bytes;
}

bool cache_reclaim(size_t least_bytes)
{
    if (!cache_is_alive() || cached_bytes() < least_bytes) {
        return false;
    }
    bool any = cache_return_all();
    for (size_t size_class = 0; size_class < CLASS_COUNT; size_class++) {
        for (uintptr_t list = depot_take(size_class); list != 0;
             list = depot_take(size_class)) {
            any |= list_return(list);
        }
    }
    return any;
}

static void cache_die(void *unused)
{
    (void)unused;
    const bool locked = lock_acquire(&heap_lock);
    cache.state = CACHE_DEAD;
    cache_return_all();
    lock_release(&heap_lock, locked);
}

/* The thread's first slow path. */
static void cache_be_born(void)
{
    static pthread_key_t at_exit;
    cache.state = CACHE_ALIVE; /* first: what follows may allocate */
    const bool locked = lock_acquire(&heap_lock);
    const bool first = heap.reclaim == NULL;
    heap.reclaim = cache_reclaim;
    cache.shares = locked;
    cache_return_all();
    lock_release(&heap_lock, locked);
    if (first && pthread_key_create(&at_exit, cache_die) != 0) {
        fatal("no pthread key left");
    }
    pthread_setspecific(at_exit, &cache);
}

static void take_into_current(void *object, void *context)
{
    link_push(context, object);
}

static void *allocate_block(size_t size_class, size_t size)
{
    struct block *const block = heap_allocate(block_bytes_from_request(size));
    if (block == NULL) {
        return NULL;
    }
    run_note_allocated(size_class, block_size(block));
    return block_payload(block);
}

void *cache_allocate(size_t size_class, size_t size)
{
    if (UNLIKELY(cache.state == CACHE_UNBORN)) {
        cache_be_born();
    }
    uintptr_t *const current = &cache.current[size_class];
    uintptr_t list = cache.parked[size_class];
    cache.parked[size_class] = 0;
    if (list == 0) {
        list = depot_take(size_class);
    }
    if (list != 0) {
        *current = list;
        return cache_pop(size_class);
    }
    const bool locked = lock_acquire(&heap_lock);
    if (UNLIKELY(locked && !cache.shares)) {
        cache_begin_sharing();
    }
    void *payload = NULL;
    if (LIKELY(run_serves(size_class) && cache.state == CACHE_ALIVE)) {
        run_take_objects(size_class, list_limit(size_class), take_into_current,
                         current);
        payload = cache_pop(size_class);
    }
    if (payload == NULL) {
        payload = allocate_block(size_class, size);
    }
    lock_release(&heap_lock, locked);
    return payload;
}

/* Make room in the current list, which is full: the parked one leaves the thread. */
static void park(size_t size_class)
{
    const uintptr_t parked = cache.parked[size_class];
    cache.parked[size_class] = cache.current[size_class];
    cache.current[size_class] = empty_list(size_class);
    if (parked == 0 || (cache.shares && depot_give(size_class, parked))) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    list_return(parked);
    if (UNLIKELY(locked && !cache.shares)) {
        cache_begin_sharing();
    }
    lock_release(&heap_lock, locked);
}

void cache_free(size_t size_class, void *object)
{
    if (cache.state == CACHE_UNBORN) {
        cache_be_born();
    } else if (cache.state == CACHE_ALIVE) {
        park(size_class);
    }
    if (cache_push(size_class, object)) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    run_return_object(object);
    lock_release(&heap_lock, locked);
}

void cache_before_fork(void)
{
    for (size_t size_class = 0; size_class < CLASS_COUNT; size_class++) {
        lock_acquire(&depots[size_class].lock);
    }
}

void cache_after_fork(bool locked)
{
    for (size_t size_class = 0; size_class < CLASS_COUNT; size_class++) {
        lock_release(&depots[size_class].lock, locked);
    }
}

void cache_after_fork_in_child(void)
{
    for (size_t size_class = 0; size_class < CLASS_COUNT; size_class++) {
        atomic_store(&depots[size_class].lock.state, LOCK_FREE);
    }
}
