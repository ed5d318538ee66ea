#include "cache/cache.h"

#include <pthread.h>

#include "cache/places.h"

__thread struct cache cache;

/* Whole lists of one class that any thread may take; linked through the first
 * object of each, in the place of its canary, which is set again when it is taken. */
struct depot {
    struct lock lock;
    uintptr_t lists;
} __attribute__((aligned(64)));

static struct depot depots[LIST_COUNT];
/* In all depots of small objects, and in all of medium blocks. */
static _Atomic size_t depot_bytes[2];

static _Atomic size_t *bytes_in_depots(size_t list)
{
    return &depot_bytes[list < CLASS_COUNT ? 0 : 1];
}

/* Every object of the list has at least so many bytes. */
static size_t list_bytes(size_t list)
{
    return list < CLASS_COUNT ? class_bytes(list)
                              : medium_class_bytes(list - CLASS_COUNT);
}

/* What a full list of a multi-threaded process holds, at most. */
static size_t shared_list_bytes(size_t list)
{
    return list < CLASS_COUNT ? LIST_LIMIT_BYTES : MEDIUM_LIST_LIMIT_BYTES;
}

/* Most of the heap is free: what caches hold should be little. */
static atomic_bool lean;

/* How many objects a list holds. */
static size_t list_limit_if(size_t list, bool is_short, bool is_lean)
{
    const unsigned shift = is_short && is_lean ? LIST_LEAN_SHIFT : 0;
    const size_t bytes = is_short ? shared_list_bytes(list) : LIST_LIMIT_SINGLE_BYTES;
    const size_t most = is_short ? LIST_LIMIT_OBJECTS : LIST_LIMIT_SINGLE_OBJECTS;
    const size_t objects = (bytes >> shift) / list_bytes(list);
    if (objects == 0) {
        return 1; /* a block of the largest classes may be more than a list's share */
    }
    return objects < most >> shift ? objects : most >> shift;
}

static size_t list_limit(size_t list)
{
    return list_limit_if(list, cache.multi_threaded || cache.lean,
                         cache.multi_threaded && cache.lean);
}

static uintptr_t empty_list(size_t list)
{
    const size_t room = cache.state == CACHE_ALIVE ? list_limit(list) : 0;
    return room << LINK_ROOM_SHIFT;
}

/* Give every object of a list back to its run, or to the heap. Under the heap lock. */
static bool list_return(size_t list, uintptr_t link)
{
    size_t objects = 0;
    for (void *object = link_object(link); object != NULL; objects++) {
        object_require_free(object);
        void *const next = link_object(object_link(object));
        object_set_live(object);
        if (list < CLASS_COUNT) {
            run_return_object(object);
        } else {
            heap_free(block_from_payload(object));
        }
        object = next;
    }
    if (list < CLASS_COUNT) {
        run_note_returned(list, objects);
    }
    return objects != 0;
}

/* 0: none is parked. */
static uintptr_t parked_list(size_t list)
{
    return cache.parked != NULL ? cache.parked->lists[list] : 0;
}

static uintptr_t unpark(size_t list)
{
    const uintptr_t link = parked_list(list);
    if (link != 0) {
        cache.parked->lists[list] = 0;
    }
    return link;
}

/* Returns the list that was parked before; the same list, if there is no place. */
static uintptr_t park(size_t list, uintptr_t link)
{
    if (UNLIKELY(cache.parked == NULL)) {
        const bool locked = lock_acquire(&heap_lock);
        cache.parked = places_take();
        lock_release(&heap_lock, locked);
        if (cache.parked == NULL) {
            return link;
        }
    }
    const uintptr_t before = cache.parked->lists[list];
    cache.parked->lists[list] = link;
    return before;
}

/* All that the thread's lists from `first` up to `end` hold. */
static bool return_lists(size_t first, size_t end)
{
    bool any = false;
    for (size_t list = first; list < end; list++) {
        if (cache.current[list] != 0) {
            any |= list_return(list, cache.current[list]);
            any |= list_return(list, unpark(list));
            cache.current[list] = empty_list(list);
        }
    }
    return any;
}

static void cache_return_all(void)
{
    medium_open(cache.state == CACHE_ALIVE && !cache.multi_threaded);
    return_lists(1, LIST_COUNT);
}

/* The process is multi-threaded now: the thread's lists become short, its classes
 * wide. */
static void cache_set_multi_threaded(void)
{
    const bool locked = lock_acquire(&heap_lock);
    cache.multi_threaded = true; /* first: the emptied lists get their new room */
    cache_return_all();
    lock_release(&heap_lock, locked);
}

static void cache_die(void *unused)
{
    (void)unused;
    const bool locked = lock_acquire(&heap_lock);
    cache.state = CACHE_DEAD;
    cache.multi_threaded = false;
    cache_return_all();
    if (cache.parked != NULL) {
        places_leave(cache.parked);
        cache.parked = NULL;
    }
    lock_release(&heap_lock, locked);
}

/* The thread's lists are shorter, or longer, from now on. Under the heap lock. */
static void follow_lean(void)
{
    cache.lean = atomic_load_explicit(&lean, memory_order_relaxed);
    medium_set_lean(cache.lean);
    cache_return_all();
}

void cache_set_lean(bool now)
{
    atomic_store_explicit(&lean, now, memory_order_relaxed);
    follow_lean();
}

/* The thread's first slow path. */
static void cache_initialize(void)
{
    /* Not zero, so that it lies where pages are touched in any case. */
    static pthread_key_t at_exit = (pthread_key_t)-1;
    cache.state = CACHE_ALIVE; /* first: what follows may allocate */
    const bool locked = lock_acquire(&heap_lock);
    static bool any_initialized;
    const bool first = !any_initialized;
    any_initialized = true;
    if (first) { /* with later ones the process is multi-threaded */
        medium_begin();
    }
    /* Under the lock: no other thread may use the key before it is there. */
    if (first && pthread_key_create(&at_exit, cache_die) != 0) {
        fatal("no pthread key left");
    }
    lock_release(&heap_lock, locked);
    pthread_setspecific(at_exit, &cache);
}

void cache_settle(void)
{
    if (UNLIKELY(cache.state == CACHE_UNINITIALIZED)) {
        cache_initialize();
    }
    if (UNLIKELY(cache_misses_threads())) {
        cache_set_multi_threaded();
    }
    if (UNLIKELY(cache.lean != atomic_load_explicit(&lean, memory_order_relaxed)) &&
        cache.state == CACHE_ALIVE) {
        const bool locked = lock_acquire(&heap_lock);
        follow_lean();
        lock_release(&heap_lock, locked);
    }
}

static uintptr_t depot_take(size_t list)
{
    struct depot *const depot = &depots[list];
    if (__atomic_load_n(&depot->lists, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    const bool locked = lock_acquire(&depot->lock);
    const uintptr_t link = depot->lists;
    if (link != 0) {
        uintptr_t *const first = link_object(link);
        __atomic_store_n(&depot->lists, first[1] ^ object_key(first), __ATOMIC_RELAXED);
        object_set_canary(first);
        atomic_fetch_sub_explicit(bytes_in_depots(list), shared_list_bytes(list),
                                  memory_order_relaxed);
    }
    lock_release(&depot->lock, locked);
    return link;
}

/* Most bytes in the depots, of small objects or of medium blocks. */
static size_t depot_limit(size_t list)
{
    const size_t touched = __atomic_load_n(&heap.touched_bytes, __ATOMIC_RELAXED);
    return list < CLASS_COUNT ? touched / DEPOT_SHARE + DEPOT_MIN_BYTES
                              : touched / MEDIUM_DEPOT_SHARE + MEDIUM_DEPOT_MIN_BYTES;
}

/* A full list for other threads. false: the depots hold enough, or there is none. */
static bool depot_give(size_t list, uintptr_t link)
{
    if (!cache.multi_threaded || cache.lean ||
        atomic_load_explicit(bytes_in_depots(list), memory_order_relaxed) >
            depot_limit(list)) {
        return false;
    }
    struct depot *const depot = &depots[list];
    const bool locked = lock_acquire(&depot->lock);
    uintptr_t *const first = link_object(link);
    first[1] = depot->lists ^ object_key(first);
    __atomic_store_n(&depot->lists, link, __ATOMIC_RELAXED);
    atomic_fetch_add_explicit(bytes_in_depots(list), shared_list_bytes(list),
                              memory_order_relaxed);
    lock_release(&depot->lock, locked);
    return true;
}

/* Bytes in lists of this thread, from the room that is left in them. */
static size_t listed_bytes(size_t first, size_t end)
{
    size_t bytes = 0;
    for (size_t list = first; list < end; list++) {
        if (cache.current[list] != 0) {
            const size_t limit = list_limit(list);
            const size_t objects = limit - link_room(cache.current[list]) +
                                   (parked_list(list) != 0 ? limit : 0);
            bytes += objects * list_bytes(list);
        }
    }
    return bytes;
}

size_t cache_free_bytes(size_t size_class)
{
    struct depot *const depot = &depots[size_class];
    size_t objects = 0;
    const bool locked = lock_acquire(&depot->lock);
    for (uintptr_t link = depot->lists; link != 0;) {
        uintptr_t *const first = link_object(link);
        objects += list_limit_if(size_class, true, false);
        link = first[1] ^ object_key(first);
    }
    lock_release(&depot->lock, locked);
    return objects * list_bytes(size_class) + listed_bytes(size_class, size_class + 1);
}

size_t cache_free_medium_bytes(void)
{
    size_t bytes = 0;
    for (size_t list = CLASS_COUNT; list < LIST_COUNT; list++) {
        bytes += cache_free_bytes(list);
    }
    return bytes;
}

/* Gives back what the lists from `first` up to `end` and their depots hold, if that is
 * enough. */
static bool reclaim_lists(size_t first, size_t end, size_t least_bytes)
{
    /* Then depots were never used, nor touched. */
    const bool single_threaded = __libc_single_threaded;
    const size_t in_depots =
        single_threaded
            ? 0
            : atomic_load_explicit(bytes_in_depots(first), memory_order_relaxed);
    if (in_depots + listed_bytes(first, end) < least_bytes) {
        return false;
    }
    bool any = return_lists(first, end);
    for (size_t list = first; list < end && !single_threaded; list++) {
        for (uintptr_t link = depot_take(list); link != 0; link = depot_take(list)) {
            any |= list_return(list, link);
        }
    }
    return any;
}

/* Threads' medium blocks must be more to be taken back: to cut them anew under the lock
 * costs more than they are worth. */
bool cache_reclaim(size_t least_bytes)
{
    const size_t quick = heap_quick_bytes;
    const size_t wanted = quick < least_bytes ? least_bytes - quick : 0;
    bool any = false;
    if (quick + listed_bytes(1, CLASS_COUNT) >= least_bytes) {
        any |= medium_return_all();
    }
    any |= reclaim_lists(1, CLASS_COUNT, wanted);
    any |= reclaim_lists(CLASS_COUNT, LIST_COUNT, least_bytes * MEDIUM_RECLAIM_WEIGHT);
    return any;
}

/* A list that the thread holds beside the current one, or that another left. */
static bool take_list(size_t list)
{
    uintptr_t link = unpark(list);
    if (link == 0 && cache.multi_threaded) {
        link = depot_take(list);
    }
    if (link != 0) {
        cache.current[list] = link;
    }
    return link != 0;
}

static void take_into_current(void *object, void *context)
{
    link_push(context, object);
}

void *cache_take(size_t size_class)
{
    cache_settle();
    return link_object(cache.current[size_class]) != NULL || take_list(size_class)
               ? cache_pop(size_class)
               : NULL;
}

void *cache_fill(size_t size_class)
{
    if (UNLIKELY(!run_serves(size_class)) || UNLIKELY(cache.state == CACHE_DEAD)) {
        return NULL;
    }
    const size_t most = cache.state == CACHE_ALIVE ? list_limit(size_class) : 1;
    cache.current[size_class] = most << LINK_ROOM_SHIFT;
    run_take_objects(size_class, most, take_into_current, &cache.current[size_class]);
    return cache_pop(size_class);
}

void *cache_allocate_medium(size_t class)
{
    cache_settle();
    return cache.multi_threaded && take_list(CLASS_COUNT + class)
               ? cache_pop(CLASS_COUNT + class)
               : NULL;
}

/* Make room in the current list: it is full and gets parked, and what was parked leaves
 * the thread, or it leaves at once where little is kept; or it was never used. */
static void make_room(size_t list)
{
    uintptr_t leaving = cache.current[list];
    if (link_object(leaving) == NULL) {
        leaving = 0;
    } else if (!cache.lean) {
        leaving = park(list, leaving);
    }
    cache.current[list] = empty_list(list);
    if (leaving == 0 || depot_give(list, leaving)) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    list_return(list, leaving);
    cache.gave_back = true;
    lock_release(&heap_lock, locked);
}

void cache_free(size_t size_class, void *object)
{
    cache_settle();
    if (cache.state == CACHE_ALIVE) {
        make_room(size_class);
    }
    if (cache_push(size_class, object)) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    run_return_object(object);
    run_note_returned(size_class, 1);
    cache.gave_back = true;
    lock_release(&heap_lock, locked);
}

bool cache_push_medium(void *payload, size_t block_bytes)
{
    cache_settle();
    if (!cache.multi_threaded || medium_class(block_bytes) >= MEDIUM_CLASS_COUNT) {
        return false;
    }
    const size_t list = CLASS_COUNT + medium_class(block_bytes);
    if (UNLIKELY(!cache_push(list, payload))) {
        make_room(list);
        if (!cache_push(list, payload)) {
            return false;
        }
    }
    return true;
}

void cache_before_fork(void)
{
    for (size_t list = 0; list < LIST_COUNT; list++) {
        lock_acquire(&depots[list].lock);
    }
}

void cache_after_fork(bool locked)
{
    for (size_t list = 0; list < LIST_COUNT; list++) {
        lock_release(&depots[list].lock, locked);
    }
}

void cache_after_fork_in_child(void)
{
    for (size_t list = 0; list < LIST_COUNT; list++) {
        atomic_store(&depots[list].lock.state, LOCK_FREE);
    }
}
