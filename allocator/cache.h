/* Caches: per thread and class, lists of free objects in front of the runs.
 *
 * malloc pops and free pushes, without a lock and without touching the run. A list is
 * strung through the objects' first words; a link's low 48 bits are the next object,
 * its high 16 bits the number of objects from that one on, so that the depth of a list
 * is known from the one word that is loaded anyway.
 *
 * Each thread has two lists a class: the current one, and a parked one that is whole.
 * When the current list is full it is parked; what was parked goes to the class's
 * depot, from where any thread takes it in one piece. Any thread frees into its own
 * lists: objects have no owner.
 *
 * Lock order: heap lock, then a depot's lock. A depot's lock is never held while the
 * heap lock is asked for. */
#ifndef SNUG_CACHE_H
#define SNUG_CACHE_H

#include "lock.h"
#include "run.h"

enum {
    LINK_DEPTH_SHIFT = 48
};

struct cache {
    uintptr_t current[CLASS_COUNT];
    uint16_t limit[CLASS_COUNT]; /* of the current list; 0 before and after the thread's
                                    cache is alive: every free takes the slow path */
    uint16_t state;              /* enum cache_state */
    uintptr_t parked[CLASS_COUNT];
    struct cache *next; /* among the caches alive; under the heap lock */
    struct cache *previous;
};

extern __thread struct cache cache;

static ALWAYS_INLINE void *link_object(uintptr_t link)
{
    return (void *)(link & (((uintptr_t)1 << LINK_DEPTH_SHIFT) - 1));
}

static ALWAYS_INLINE size_t link_depth(uintptr_t link)
{
    return link >> LINK_DEPTH_SHIFT;
}

static ALWAYS_INLINE void link_push(uintptr_t *list, void *object)
{
    const uintptr_t link = *list;
    *(uintptr_t *)object = link;
    *list = (uintptr_t)object + (link & ~(uintptr_t)link_object(~(uintptr_t)0)) +
            ((uintptr_t)1 << LINK_DEPTH_SHIFT);
}

/* An object of the class, NULL if the current list is empty. */
static ALWAYS_INLINE void *cache_pop(unsigned class)
{
    void *const object = link_object(cache.current[class]);
    if (LIKELY(object != NULL)) {
        cache.current[class] = *(const uintptr_t *)object;
    }
    return object;
}

/* false: the current list is full, or the cache is not alive. */
static ALWAYS_INLINE bool cache_push(unsigned class, void *object)
{
    uintptr_t *const list = &cache.current[class];
    if (UNLIKELY(link_depth(*list) >= cache.limit[class])) {
        return false;
    }
    link_push(list, object);
    return true;
}

/* The slow ways: other lists, other threads' lists, the runs, the heap. */
COLD_CODE void *cache_allocate(unsigned class, size_t size);
COLD_CODE void cache_free(unsigned class, void *object);

/* Called with the heap lock held: all that this thread and the depots hold goes back.
 */
bool cache_reclaim(void);
/* Around fork, with the heap lock held; locked: whether locks are in use at all. */
void cache_before_fork(void);
void cache_after_fork(bool locked);
void cache_after_fork_in_child(void);

#endif
