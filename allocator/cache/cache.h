/* Caches: per thread and class, lists of free objects in front of the runs and of
 * medium blocks in front of the heap.
 *
 * malloc pops and free pushes, without a lock and without touching run or heap: an
 * object in a list is in use as far as those know. A list is
 * strung through the objects (object.h). A link's low 48 bits are the next object,
 * its high 16 bits the room left: how many more objects the list may take. So a push
 * finds the room in the one word that it loads anyway, an empty list is a link to NULL
 * with all its room, and a list that was never used has no room yet.
 *
 * Each thread has two lists a class: the current one, and a parked one that is full.
 * When the current list is full it is parked; what was parked goes to the class's
 * depot, from where any thread takes it in one piece. Any thread frees into its own
 * lists: objects have no owner.
 *
 * Little of this is thread-local, so that the library can be opened with dlopen, too:
 * libc has only some 1,600 bytes left for the thread-local variables of what comes
 * late. Places for parked lists are had when the first list is parked.
 *
 * Lock order: heap lock, then a depot's lock. A depot's lock is never held while the
 * heap lock is asked for. */
#ifndef SNUG_CACHE_H
#define SNUG_CACHE_H

#include "base/lock.h"
#include "base/object.h"
#include "cache/medium.h"
#include "small/run.h"

enum {
    LINK_ROOM_SHIFT = 48
};

enum cache_state {
    CACHE_UNINITIALIZED, /* the thread has not freed or refilled yet */
    CACHE_ALIVE,
    CACHE_DEAD /* the thread is ending: its lists stay empty */
};

struct places; /* cache.c */

/* The small classes, then the medium ones, which are used in a multi-threaded
 * process. */
#define LIST_COUNT (CLASS_COUNT + MEDIUM_CLASS_COUNT)

struct cache {
    uintptr_t current[LIST_COUNT];
    struct places *parked; /* full lists; NULL: none was parked yet */
    uint8_t state;         /* enum cache_state */
    bool multi_threaded;   /* lists are short and may go to other threads */
    bool gave_back;        /* objects to the heap, and nobody has looked since */
    bool lean;             /* lists are shorter still, as most of the heap is free */
};

extern OUR_OWN __thread struct cache cache;

/* Whether there are other threads and the cache does not know yet. */
static ALWAYS_INLINE bool cache_misses_threads(void)
{
    return !cache.multi_threaded && !__libc_single_threaded &&
           cache.state == CACHE_ALIVE;
}

static ALWAYS_INLINE void *link_object(uintptr_t link)
{
    return (void *)(link << (64 - LINK_ROOM_SHIFT) >> (64 - LINK_ROOM_SHIFT));
}

static ALWAYS_INLINE size_t link_room(uintptr_t link)
{
    return link >> LINK_ROOM_SHIFT;
}

/* An object, NULL if the current list is empty. */
static ALWAYS_INLINE void *cache_pop(size_t list)
{
    void *const object = link_object(cache.current[list]);
    if (LIKELY(object != NULL)) {
        object_require_free(object);
        cache.current[list] = object_link(object);
        object_set_live(object);
    }
    return object;
}

/* false: the list has no room. */
static ALWAYS_INLINE bool link_push(uintptr_t *list, void *object)
{
    const uintptr_t link = *list;
    const size_t room = link_room(link);
    if (UNLIKELY(room == 0)) {
        return false;
    }
    object_set_free(object, link);
    *list = (uintptr_t)object | (room - 1) << LINK_ROOM_SHIFT;
    return true;
}

static ALWAYS_INLINE bool cache_push(size_t list, void *object)
{
    return link_push(&cache.current[list], object);
}

/* Every slow path that allocates from a cache or frees into one begins here: the thread
 * may be new, or the process multi-threaded by now. */
void cache_settle(void);
/* The slow ways: an object of the thread's other list, or of one that another thread
 * left; NULL: there is none. */
COLD_CODE void *cache_take(size_t size_class);
/* From the runs, with others for the current list, which is empty. NULL: the class has
 * no runs, or the heap fails as in heap_allocate. Under the heap lock. */
COLD_CODE void *cache_fill(size_t size_class);
COLD_CODE void cache_free(size_t size_class, void *object);
/* NULL: only the heap has such a block. */
COLD_CODE void *cache_allocate_medium(size_t class);
/* The program has freed a medium block; false: the heap must take it. */
bool cache_push_medium(void *payload, size_t block_bytes);

/* Called with the heap lock held: all that this thread and the depots hold goes back.
 */
bool cache_reclaim(size_t least_bytes);
/* From now on, each thread as it comes by: lists are short and all that is in them goes
 * back, or they are as long as ever. Under the heap lock. */
void cache_set_lean(bool now);
/* Bytes in free objects of a class, and in medium blocks that threads share, that stand
 * in this thread's lists and in the depots; other threads' lists cannot be looked at.
 * Under the heap lock. O(lists). */
size_t cache_free_bytes(size_t size_class);
size_t cache_free_medium_bytes(void);
/* Around fork, with the heap lock held; locked: whether locks are in use at all. */
void cache_before_fork(void);
void cache_after_fork(bool locked);
void cache_after_fork_in_child(void);

#endif
