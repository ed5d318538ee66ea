/* Caches: per thread and class, lists of free objects in front of the runs and of
 * medium blocks in front of the heap.
 *
 * malloc pops and free pushes, without a lock and without touching run or heap: what is
 * in a list is in use as far as those know, so that medium blocks do not coalesce yet
 * (deferred coalescing).
 *
 * Each thread has a list a class, the current one. When it is full half of it goes to
 * the class's depot, from where any thread takes it in one piece; if that is full, too,
 * to the runs or the heap; while there is one thread all of it does. Any thread frees
 * into its own lists: objects have no owner.
 *
 * A medium class has blocks of all sizes from its own to the next one's, so that
 * nothing is rounded up: a request takes the first block of its class if that is large
 * enough, else one of the class above, of which every block is. What medium blocks in
 * lists could serve would be cut from other memory, so they coalesce before a free
 * block of more than one and a half times the size is broken when they are many, and
 * before the heap grows (heap_allocate fails until then).
 *
 * Little of this is thread-local, so that the library can be opened with dlopen, too:
 * libc has only some 1,600 bytes left for the thread-local variables of what comes
 * late. */
#ifndef SNUG_CACHE_H
#define SNUG_CACHE_H

#include "base/lock.h"
#include "cache/depot.h"

enum cache_state {
    CACHE_UNINITIALIZED, /* the thread has not freed or refilled yet */
    CACHE_ALIVE,
    CACHE_DEAD /* the thread is ending: its lists stay empty */
};

struct cache {
    void *first[CLASS_COUNT + 1]; /* of each class's list; the last is always empty */
    uint16_t room[CLASS_COUNT];   /* of a list, for how many more objects; 0, too, until
                                   it is used */
    size_t medium_bytes;          /* in the lists of medium blocks */
    size_t medium_limit_bytes;    /* of those; 0: the thread is new or ends;
                                         SIZE_MAX: each list has its limit */
    uint8_t state;                /* enum cache_state */
    bool multi_threaded;          /* lists are short and may go to other threads */
    bool gave_back;         /* something to runs or heap, and nobody has looked since */
    bool lean;              /* lists are shorter still, as most of the heap was free */
    uint8_t misses;         /* lists found empty since then */
    uint32_t times_emptied; /* how often that was so, when this thread last looked */
    uint32_t freed_since;   /* in full lists that left since then, in 16 bytes */
};

extern OUR_OWN __thread struct cache cache;

/* The address of what belongs to a class, in a register. What malloc and free write
 * there the next call reads: a processor that predicts which store a load depends on
 * does so for such addresses only, and waits for others to be known. */
#define IN_REGISTER(pointer) __asm__("" : "+r"(pointer))

/* An object, NULL if the current list is empty. */
static ALWAYS_INLINE void *cache_pop(size_t class)
{
    void **first = &cache.first[class];
    IN_REGISTER(first);
    void *const object = *first;
    if (LIKELY(object != NULL)) {
        uint16_t *room = &cache.room[class];
        IN_REGISTER(room);
        object_require_free(object);
        *first = object_next(object);
        ++*room;
        object_set_live(object);
    }
    return object;
}

/* false: the list has no room. */
static ALWAYS_INLINE bool cache_push(size_t class, void *object)
{
    uint16_t *room = &cache.room[class];
    IN_REGISTER(room);
    const uint16_t before = *room;
    if (UNLIKELY(before == 0)) {
        return false;
    }
    void **first = &cache.first[class];
    IN_REGISTER(first);
    *room = (uint16_t)(before - 1);
    object_set_free(object, *first);
    *first = object;
    return true;
}

/* A block of at least this size, in use; NULL if no current list has one. block_bytes
 * > SMALL_LIMIT_BYTES, <= MEDIUM_LIMIT_BYTES. */
static ALWAYS_INLINE void *cache_pop_medium(size_t block_bytes)
{
    struct medium_class from = medium_class_of(block_bytes);
    void *const first = cache.first[from.class];
    /* Branches, as most programs ask for the same sizes again. */
    if (UNLIKELY(first == NULL) ||
        UNLIKELY(block_size(block_from_payload(first)) < block_bytes)) {
        from.class ++;
        from.bytes += from.step;
    }
    void *const payload = cache_pop(from.class);
    if (LIKELY(payload != NULL)) {
        cache.medium_bytes -= from.bytes;
    }
    return payload;
}

/* The program has freed a block of such a size; false: the list has no room, or the
 * thread may not keep more. */
static ALWAYS_INLINE bool cache_push_medium(void *payload, size_t block_bytes)
{
    const struct medium_class to = medium_class_of(block_bytes);
    const bool pushed = LIKELY(cache.medium_bytes < cache.medium_limit_bytes) &&
                        LIKELY(cache_push(to.class, payload));
    if (pushed) {
        cache.medium_bytes += to.bytes;
    }
    return pushed;
}

/* Every slow path that allocates from a cache or frees into one begins here: the thread
 * may be new, or the process multi-threaded by now. */
void cache_settle(void);
/* The slow ways: an object of a list that another thread left; NULL: there is none. */
COLD_CODE void *cache_take(size_t size_class);
/* From the runs, with others for the current list, which is empty. NULL: the class has
 * no runs, or the heap fails as in heap_allocate. Under the heap lock. */
COLD_CODE void *cache_fill(size_t size_class);
COLD_CODE void cache_free(size_t size_class, void *object);
/* A medium block of a list that another thread left; NULL: only the heap has such a
 * block. *block_bytes <= MEDIUM_LIMIT_BYTES: what the heap should give then. */
COLD_CODE void *cache_take_medium(size_t *block_bytes);
/* cache_push_medium, with room made if there is none; false: the heap must take it. */
COLD_CODE bool cache_free_medium(void *payload, size_t block_bytes);

/* Called with the heap lock held: the small objects that this thread and the depots
 * hold go back, and medium blocks if they are asked for, if all that is enough. Returns
 * the bytes of the latter, but of each a page at most: a large one is cut anew as soon
 * as a small one. */
size_t cache_reclaim(size_t least_bytes, bool medium);
/* The medium blocks in this thread's lists go back to the heap and coalesce. Returns
 * their bytes, counted as cache_reclaim does. Under the heap lock. */
size_t cache_coalesce(void);
/* Most of the heap is free: all that is in lists goes back, of each thread as it comes
 * by, and they are short until the thread has found many of them empty, or has freed
 * more than the heap holds. Under the heap lock. */
void cache_begin_lean(void);
/* Bytes in free objects of a small class that stand in this thread's lists and in the
 * depots; other threads' lists cannot be looked at. Under the heap lock. */
size_t cache_free_bytes(size_t size_class);
/* Call visit for every medium block in this thread's lists. Under the heap lock. */
void cache_visit_medium(block_visitor *visit, void *context);
/* The first invariant of the calling thread's lists that does not hold; NULL if all
 * hold: objects have canaries, and are as many as the room says; medium blocks are in
 * use by their tags, and of their list's class; the sum of their bytes is right. */
const char *cache_check(void);
#endif
