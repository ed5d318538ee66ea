#include "cache/cache.h"

#include <pthread.h>

__thread struct cache cache;

/* How often most of the heap was found free: what caches hold should be little. */
static _Atomic uint32_t times_emptied;

/* How long this thread's lists of a class are. */
static enum list_length own_length(size_t class)
{
    /* While there is one thread all its lists of medium blocks have a limit in sum. */
    const bool is_lean =
        cache.lean && (cache.multi_threaded || !class_is_medium(class));
    return is_lean ? LIST_LEAN : cache.multi_threaded ? LIST_SHORT : LIST_LONG;
}

static size_t own_limit(size_t class)
{
    return cache.state == CACHE_ALIVE ? list_limit(class, own_length(class)) : 0;
}

/* This thread's list of a class. */
static struct list own_list(size_t class)
{
    void *const first = cache.first[class];
    return (struct list){
        .first = first,
        .count = first != NULL ? own_limit(class) - cache.room[class] : 0,
    };
}

static void set_list(size_t class, struct list list)
{
    cache.first[class] = list.first;
    cache.room[class] = (uint16_t)(own_limit(class) - list.count);
}

/* What this thread's list holds goes back to the runs, or to the heap; returns how many
 * objects. */
static size_t return_list(size_t class)
{
    const size_t objects = list_return(class, cache.first[class]);
    cache.first[class] = NULL;
    cache.room[class] = (uint16_t)(cache.room[class] + objects);
    if (class_is_medium(class)) {
        cache.medium_bytes -= list_bytes(class, objects);
    }
    return objects;
}

static void return_small(void)
{
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        return_list(class);
    }
}

/* With one thread a share of the heap; little of one that is being emptied, so that
 * what is free can be given back to the system. With others each list has its limit. */
static void set_medium_limit(void)
{
    const size_t share = cache.lean ? 0 : heap.touched_bytes / CACHED_SHARE;
    const size_t most = smaller(share + GIVE_LEAST_BYTES, EMPTIED_HEAP_BYTES);
    cache.medium_limit_bytes = cache.state != CACHE_ALIVE ? 0
                               : cache.multi_threaded     ? SIZE_MAX
                                                          : most;
}

/* The medium classes that the thread has lists of, as bits. Which ones it has nobody
 * can predict: no branch. */
static uint64_t listed_medium(void)
{
    uint64_t listed = 0;
    for (size_t class = CLASS_COUNT - 1; class >= SMALL_CLASS_COUNT; class --) {
        listed = 2 * listed + (cache.first[class] != NULL);
    }
    return listed;
}

/* What such blocks count, as cache_reclaim says. */
static size_t price_of(size_t class, size_t blocks)
{
    return class_is_medium(class)
               ? blocks * smaller(medium_class_bytes(class), PAGE_BYTES)
               : 0;
}

size_t cache_coalesce(void)
{
    size_t price = 0;
    for (uint64_t listed = listed_medium(); listed != 0; listed &= listed - 1) {
        const size_t class = SMALL_CLASS_COUNT + (size_t)__builtin_ctzl(listed);
        price += price_of(class, return_list(class));
    }
    set_medium_limit();
    return price;
}

static_assert(MEDIUM_CLASS_COUNT <= 64, "the medium classes fit into a word");

/* The limits of the lists have changed: they begin anew. */
static void cache_return_all(void)
{
    return_small();
    cache_coalesce();
    for (size_t class = 1; class < CLASS_COUNT; class ++) {
        if (cache.room[class] != 0) { /* it was used */
            cache.room[class] = (uint16_t)own_limit(class);
        }
    }
}

static bool has_seen_emptied(void)
{
    return cache.times_emptied ==
           atomic_load_explicit(&times_emptied, memory_order_relaxed);
}

/* The thread's lists are empty, and as long as they should be from now on. Under the
 * heap lock. */
static void begin_anew(bool multi_threaded, bool lean)
{
    cache.multi_threaded = multi_threaded;
    cache.lean = lean;
    cache.misses = 0;
    cache.freed_since = 0;
    cache.times_emptied = atomic_load_explicit(&times_emptied, memory_order_relaxed);
    cache_return_all();
}

void cache_begin_lean(void)
{
    atomic_fetch_add_explicit(&times_emptied, 1, memory_order_relaxed);
    begin_anew(cache.multi_threaded, true);
}

/* A list was needed and is empty. A thread to which that happens again and again does
 * not only free: its lists are long again. */
static void note_miss(void)
{
    if (UNLIKELY(cache.lean) && ++cache.misses >> LIST_STEP_SHIFT != 0) {
        const bool locked = lock_acquire(&heap_lock);
        begin_anew(cache.multi_threaded, false);
        lock_release(&heap_lock, locked);
    }
}

/* A full list went back. A thread that has freed more than the heap holds does not only
 * empty it, as others allocate what it frees: its lists are long again. Under the heap
 * lock. */
static void note_return(size_t bytes)
{
    if (UNLIKELY(cache.lean)) {
        cache.freed_since += (uint32_t)(bytes / ALIGNMENT_BYTES);
        if (cache.freed_since > heap_resident_bytes() / ALIGNMENT_BYTES) {
            begin_anew(cache.multi_threaded, false);
        }
    }
}

static void cache_die(void *unused);

#define NO_KEY ((pthread_key_t)-1)

/* The key that tells when threads end; NO_KEY: the program has them all. It is made
 * without the lock: another library's function may stand in libc's place, and
 * allocate. */
static pthread_key_t exit_key(void)
{
    /* Not zero, so that it lies where pages are touched in any case. */
    static _Atomic(pthread_key_t) exit_key = NO_KEY;
    pthread_key_t key = atomic_load_explicit(&exit_key, memory_order_acquire);
    pthread_key_t made;
    if (key != NO_KEY || pthread_key_create(&made, cache_die) != 0) {
        return key;
    }
    if (atomic_compare_exchange_strong(&exit_key, &key, made)) {
        return made;
    }
    pthread_key_delete(made); /* another thread was first */
    return key;
}

/* The thread's first slow path. */
static void cache_initialize(void)
{
    cache.state = CACHE_ALIVE; /* first: what follows may allocate */
    cache.times_emptied = atomic_load_explicit(&times_emptied, memory_order_relaxed);
    const bool locked = lock_acquire(&heap_lock);
    set_medium_limit();
    lock_release(&heap_lock, locked);
    const pthread_key_t key = exit_key();
    if (key == NO_KEY || pthread_setspecific(key, &cache) != 0) {
        cache_die(NULL); /* its lists would stay when it ends: it has none */
    }
}

void cache_settle(void)
{
    if (UNLIKELY(cache.state == CACHE_UNINITIALIZED)) {
        cache_initialize();
    }
    const bool has_threads = cache.multi_threaded || !__libc_single_threaded;
    const bool was_emptied = !has_seen_emptied();
    if (UNLIKELY(cache.multi_threaded != has_threads || was_emptied) &&
        cache.state == CACHE_ALIVE) {
        const bool locked = lock_acquire(&heap_lock);
        begin_anew(has_threads, cache.lean || was_emptied);
        lock_release(&heap_lock, locked);
    }
}

/* Whether there are others who may take what this thread gives, and may give. */
static bool uses_depots(void)
{
    return cache.multi_threaded && !cache.lean;
}

/* A list of this thread's for others; false: there are none, or the depots hold
 * enough. */
static bool give_to_depot(size_t class, struct list list)
{
    const bool given = uses_depots() && depot_give(class, list);
    if (given && class_is_medium(class)) {
        cache.medium_bytes -= list_bytes(class, list.count);
    }
    return given;
}

/* The lists of a thread that ends go to those that come after it. */
static void leave_lists(void)
{
    for (size_t class = 1; class < CLASS_COUNT; class ++) {
        if (cache.first[class] != NULL && give_to_depot(class, own_list(class))) {
            set_list(class, (struct list){.first = NULL});
        }
    }
}

static void cache_die(void *unused)
{
    (void)unused;
    const bool locked = lock_acquire(&heap_lock);
    /* Others would keep what they do not need, and hold whole pages by it. */
    cache.lean |= !has_seen_emptied();
    leave_lists();
    cache.state = CACHE_DEAD;
    cache.multi_threaded = false;
    cache_return_all();
    lock_release(&heap_lock, locked);
}

/* Bytes in this thread's lists of the classes from `first` on, before `end`. */
static size_t listed_bytes(size_t first, size_t end)
{
    size_t bytes = 0;
    for (size_t class = first; class < end; class ++) {
        bytes += list_bytes(class, own_list(class).count);
    }
    return bytes;
}

size_t cache_free_bytes(size_t size_class)
{
    return depot_bytes(size_class, size_class + 1) +
           listed_bytes(size_class, size_class + 1);
}

/* What the depots of the classes before `end` hold goes back. Returns the price. */
static size_t return_depots(size_t end)
{
    size_t price = 0;
    for (size_t class = 1; class < end; class ++) {
        struct list list = depot_take(class);
        for (; list.first != NULL; list = depot_take(class)) {
            price += price_of(class, list_return(class, list.first));
        }
    }
    return price;
}

size_t cache_reclaim(size_t least_bytes, bool medium)
{
    /* Then depots were never used, nor touched. */
    const bool depots = !__libc_single_threaded;
    const size_t small_bytes = listed_bytes(1, SMALL_CLASS_COUNT) +
                               (depots ? depot_bytes(1, SMALL_CLASS_COUNT) : 0);
    const size_t medium_bytes =
        !medium ? 0
                : cache.medium_bytes +
                      (depots ? depot_bytes(SMALL_CLASS_COUNT, CLASS_COUNT) : 0);
    const bool all = small_bytes + medium_bytes >= least_bytes;
    if (!all && small_bytes + run_free_sum < least_bytes) {
        return 0;
    }
    /* A single object in a list can be what keeps a run that is free else. */
    return_small();
    if (!all) {
        return 0;
    }
    size_t price = depots ? return_depots(medium ? CLASS_COUNT : SMALL_CLASS_COUNT) : 0;
    price += medium ? cache_coalesce() : 0;
    return price;
}

/* A list that another thread left, instead of the current one, which is empty. */
static bool take_list(size_t class)
{
    const struct list list =
        uses_depots() ? depot_take(class) : (struct list){.first = NULL};
    if (list.first == NULL) {
        return false;
    }
    if (class_is_medium(class)) {
        cache.medium_bytes += list_bytes(class, list.count);
    }
    set_list(class, list);
    return true;
}

void *cache_take(size_t size_class)
{
    cache_settle();
    note_miss();
    return cache.first[size_class] != NULL || take_list(size_class)
               ? cache_pop(size_class)
               : NULL;
}

void *cache_fill(size_t size_class)
{
    if (UNLIKELY(!run_serves(size_class)) || UNLIKELY(cache.state == CACHE_DEAD)) {
        return NULL;
    }
    /* Many threads need few objects of many classes: the first time few. */
    const bool is_first = cache.multi_threaded && cache.room[size_class] == 0;
    const size_t most =
        is_first ? list_limit(size_class, LIST_LEAN) : own_limit(size_class);
    set_list(size_class, run_take_list(size_class, most));
    return cache_pop(size_class);
}

void *cache_take_medium(size_t *block_bytes)
{
    cache_settle();
    note_miss();
    const struct medium_class from = medium_class_for(*block_bytes);
    if (from.bytes > MEDIUM_LIMIT_BYTES || own_limit(from.class) == 0) {
        return NULL;
    }
    if (cache.multi_threaded) {
        *block_bytes = from.bytes;
    }
    return cache.first[from.class] == NULL && take_list(from.class)
               ? cache_pop_medium(*block_bytes)
               : NULL;
}

/* What has left this thread's lists goes back to the runs, or to the heap. */
static void return_leaving(size_t class, void *first)
{
    const bool locked = lock_acquire(&heap_lock);
    note_return(list_bytes(class, list_return(class, first)));
    cache.gave_back = true;
    lock_release(&heap_lock, locked);
}

/* Half of a full list leaves it, what was freed last. */
static struct list split_off(size_t class)
{
    const struct list half = {
        .first = cache.first[class],
        .count = (own_limit(class) + 1) / 2,
    };
    void *last = half.first;
    for (size_t before = half.count - 1; before > 0; before--) {
        object_require_free(last);
        last = object_next(last);
    }
    object_require_free(last);
    cache.first[class] = object_next(last);
    cache.room[class] = (uint16_t)half.count;
    object_set_free(last, NULL);
    return half;
}

/* Make room in the current list, if it is full or was never used. All of it leaves a
 * single thread, half of it one of several: so a thread that frees as much as it
 * allocates seldom needs what others write, too. */
static void make_room(size_t class)
{
    if (cache.room[class] != 0) { /* it was emptied, or libc has allocated meanwhile */
        return;
    }
    struct list leaving = own_list(class);
    if (cache.multi_threaded && leaving.first != NULL) {
        leaving = split_off(class);
    } else {
        set_list(class, (struct list){.first = NULL});
    }
    if (leaving.first == NULL || give_to_depot(class, leaving)) {
        return;
    }
    return_leaving(class, leaving.first);
    if (class_is_medium(class)) {
        cache.medium_bytes -= list_bytes(class, leaving.count);
    }
}

void cache_free(size_t size_class, void *object)
{
    cache_settle();
    make_room(size_class);
    if (!cache_push(size_class, object)) { /* the thread ends */
        object_set_free(object, NULL);
        return_leaving(size_class, object);
    }
}

bool cache_free_medium(void *payload, size_t block_bytes)
{
    cache_settle();
    if (cache.state != CACHE_ALIVE) {
        return false;
    }
    if (cache.medium_bytes >= cache.medium_limit_bytes) {
        const bool locked = lock_acquire(&heap_lock);
        cache.gave_back |= cache_coalesce() != 0;
        lock_release(&heap_lock, locked);
    }
    if (cache_push_medium(payload, block_bytes)) {
        return true;
    }
    make_room(medium_class_of(block_bytes).class);
    return cache_push_medium(payload, block_bytes);
}

void cache_visit_medium(block_visitor *visit, void *context)
{
    for (size_t class = SMALL_CLASS_COUNT; class < CLASS_COUNT; class ++) {
        const void *payload = cache.first[class];
        for (; payload != NULL; payload = object_next(payload)) {
            const struct block *const block = block_from_payload(payload);
            visit(block, block_size(block), context);
        }
    }
}

const char *cache_check(void)
{
    const char *broken =
        cache.first[CLASS_COUNT] != NULL ? "the list of no class is used" : NULL;
    for (size_t class = 1; broken == NULL && class < CLASS_COUNT; class ++) {
        broken = list_check(class, own_list(class));
    }
    if (broken == NULL &&
        listed_bytes(SMALL_CLASS_COUNT, CLASS_COUNT) != cache.medium_bytes) {
        broken = "the sum over the lists of medium blocks is wrong";
    }
    return broken;
}
