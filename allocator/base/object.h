/* What a free object or block holds while a list has it: a link and a canary.
 *
 * Both are encoded with a secret of the process and the object's address. So who does
 * not know it cannot forge a link (but whoever can read both words of a free object can
 * find it out, as in glibc); a write into either word is noticed when the object is
 * taken out again; and free finds out from the two words alone, in whatever list of
 * whatever thread the object stands, that it is free already. The canary of a live
 * object does not fit: it is cleared when the object is handed out.
 *
 * The owner of the list, or of the object, calls these; nothing here takes a lock. */
#ifndef SNUG_OBJECT_H
#define SNUG_OBJECT_H

#include "base/assertions.h"

/* A random number, set before the first object exists (heap/grow.c); the same in a
 * forked child. */
extern OUR_OWN uintptr_t object_secret;

static ALWAYS_INLINE uintptr_t object_key(const void *object)
{
    return object_secret ^ (uintptr_t)object;
}

/* The next object of the list, NULL for the last; the object is free. */
static ALWAYS_INLINE void *object_next(const void *object)
{
    return (void *)(*(const uintptr_t *)object ^ object_key(object));
}

/* Twice the key: with the key itself all ones in both words would fit any key, and with
 * a difference all zeros. */
static ALWAYS_INLINE uintptr_t object_canary_of(const void *next, uintptr_t key)
{
    return (uintptr_t)next + 2 * key;
}

static ALWAYS_INLINE bool object_has_canary(const void *object)
{
    return ((const uintptr_t *)object)[1] ==
           object_canary_of(object_next(object), object_key(object));
}

/* Addresses have so many bits. */
#define ADDRESS_BITS 48

/* The same of one that is in use, as a rule. The first word is read only if the second
 * one is a canary of some address: so free does not wait for a byte of it that the
 * program has just written. */
static ALWAYS_INLINE bool object_is_free(const void *object)
{
    const uintptr_t canary = ((const uintptr_t *)object)[1];
    const uintptr_t next = canary - object_canary_of(NULL, object_key(object));
    return UNLIKELY(next >> ADDRESS_BITS == 0) && object_has_canary(object);
}

static ALWAYS_INLINE void object_set_free(void *object, const void *next)
{
    uintptr_t *const words = object;
    const uintptr_t key = object_key(object);
    words[0] = (uintptr_t)next ^ key;
    words[1] = object_canary_of(next, key);
}

static ALWAYS_INLINE void object_set_live(void *object)
{
    ((uintptr_t *)object)[1] = 0;
}

static ALWAYS_INLINE void object_require_free(const void *object)
{
    REQUIRE(object_has_canary(object),
            "write after free, or overflow, into the free block", object);
}

/* Objects one behind the other, by their links. */
struct list {
    void *first; /* NULL: there is none */
    size_t count;
};

static ALWAYS_INLINE void list_prepend(struct list *list, void *object)
{
    object_set_free(object, list->first);
    list->first = object;
    list->count++;
}

#endif
