/* Lists of free objects of a class, or of medium blocks, strung through the objects
 * (object.h): what a thread's cache and the depots hold.
 *
 * A link's low 48 bits are the next object, its high 16 bits the room left: how many
 * more objects the list may take. So a push finds the room in the one word that it
 * loads anyway, an empty list is a link to NULL with all its room, and a list that was
 * never used has no room yet. A list is the link to its first object.
 *
 * What is in a list is in use as far as runs and heap know. */
#ifndef SNUG_LIST_H
#define SNUG_LIST_H

#include "base/object.h"
#include "small/run.h"

enum {
    LINK_ROOM_SHIFT = 48,
    LINK_ROOM_MAX = 65535
};

static ALWAYS_INLINE void *link_object(uintptr_t link)
{
    return (void *)(link << (64 - LINK_ROOM_SHIFT) >> (64 - LINK_ROOM_SHIFT));
}

static ALWAYS_INLINE size_t link_room(uintptr_t link)
{
    return link >> LINK_ROOM_SHIFT;
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

static ALWAYS_INLINE bool class_is_medium(size_t class)
{
    return class >= SMALL_CLASS_COUNT;
}

static ALWAYS_INLINE bool class_is_wide(size_t class)
{
    return class >= EXACT_CLASS_COUNT;
}

/* How long lists are: with one thread a fence only, since what they hold is taken back
 * before the heap grows; short where other threads may want it, or most of the heap is
 * free; shorter still where both is so. */
enum list_length {
    LIST_LONG,
    LIST_SHORT,
    LIST_LEAN
};

/* The objects that a list of a class may hold. A class of which one is more than a
 * list's share has none. */
size_t list_limit(size_t class, enum list_length length);
/* Bytes in a list that may hold `limit` objects, at least; 0 for no list. */
size_t list_bytes(size_t class, size_t limit, uintptr_t list);
/* All that a list of this thread's holds goes back to the runs, or to the heap, and it
 * is empty; returns how many objects went. Under the heap lock. */
size_t list_return(size_t class, uintptr_t *list);
/* Call visit for every block in a list of medium blocks. */
void list_visit_medium(uintptr_t list,
                       void (*visit)(const struct block *block, size_t bytes,
                                     void *context),
                       void *context);
/* The first invariant that does not hold; NULL if all hold: objects have canaries, and
 * are as many as the room says; medium blocks are in use by their tags, and of the
 * list's class. */
const char *list_check(size_t class, size_t limit, uintptr_t list);

#endif
