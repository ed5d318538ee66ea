/* The hot paths, inline, for the snug_ names and for libc's: what serves nearly every
 * call, with no lock. All else is in malloc.c. */
#ifndef SNUG_FAST_H
#define SNUG_FAST_H

#include "cache/cache.h"

/* The rest of malloc: for a list that is empty, and for what is not small; of
 * free, for a block that is no object of a run, and for an object that the list has no
 * room for or that is none. */
void *malloc_slow(size_t size);
void *malloc_medium(size_t size);
void free_medium(void *ptr);
void free_object(void *ptr);

static ALWAYS_INLINE void *fast_malloc(size_t size)
{
    if (UNLIKELY(size > SMALL_LIMIT_BYTES)) {
        return malloc_medium(size);
    }
    void *const object = cache_pop(class_from_request(size));
    return LIKELY(object != NULL) ? object : malloc_slow(size);
}

/* Whether a pointer is an object of a run that the program holds. */
static ALWAYS_INLINE bool is_live_object(struct map_entry entry, const void *ptr)
{
    return LIKELY(run_is_object(entry, ptr)) && LIKELY(!object_is_free(ptr));
}

static ALWAYS_INLINE void fast_free(void *ptr)
{
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class == 0) {
        free_medium(ptr);
    } else if (!is_live_object(entry, ptr) ||
               UNLIKELY(!cache_push(entry.size_class, ptr))) {
        free_object(ptr);
    }
}

#endif
