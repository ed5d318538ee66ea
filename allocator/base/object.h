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

/* The next object of the list; the object is free. */
static ALWAYS_INLINE uintptr_t object_link(const void *object)
{
    return *(const uintptr_t *)object ^ object_key(object);
}

/* Twice the key: with the key itself all ones in both words would fit any key, and with
 * a difference all zeros. */
static ALWAYS_INLINE uintptr_t object_canary_of(uintptr_t link, uintptr_t key)
{
    return link + 2 * key;
}

static ALWAYS_INLINE bool object_is_free(const void *object)
{
    return ((const uintptr_t *)object)[1] ==
           object_canary_of(object_link(object), object_key(object));
}

static ALWAYS_INLINE void object_set_free(void *object, uintptr_t link)
{
    uintptr_t *const words = object;
    const uintptr_t key = object_key(object);
    words[0] = link ^ key;
    words[1] = object_canary_of(link, key);
}

static ALWAYS_INLINE void object_set_live(void *object)
{
    ((uintptr_t *)object)[1] = 0;
}

static ALWAYS_INLINE void object_require_free(const void *object)
{
    REQUIRE(object_is_free(object),
            "write after free, or overflow, into the free block", object);
}

/* A list of free objects is the link to its first one. A link's low 48 bits are the
 * next object, its high 16 bits the room left: how many more objects the list may take.
 * So a push finds the room in the one word that it loads anyway, an empty list is a
 * link to NULL with all its room, and a list that was never used has no room yet. */
enum {
    LINK_ROOM_SHIFT = 48
};

static ALWAYS_INLINE void *link_object(uintptr_t link)
{
    return (void *)(link << (64 - LINK_ROOM_SHIFT) >> (64 - LINK_ROOM_SHIFT));
}

static ALWAYS_INLINE uintptr_t link_empty(size_t room)
{
    return room << LINK_ROOM_SHIFT;
}

static ALWAYS_INLINE size_t link_room(uintptr_t link)
{
    return link >> LINK_ROOM_SHIFT;
}

/* false: the list has no room. */
static ALWAYS_INLINE bool link_push(uintptr_t *list, void *object)
{
    const uintptr_t link = *list;
    /* Where it stands in the link: every malloc waits for the free before it, two
     * steps less of which are 3 % of the time. */
    const uintptr_t room = link >> LINK_ROOM_SHIFT << LINK_ROOM_SHIFT;
    if (UNLIKELY(room == 0)) {
        return false;
    }
    object_set_free(object, link);
    *list = (uintptr_t)object + room - link_empty(1);
    return true;
}

#endif
