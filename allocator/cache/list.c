#include "cache/list.h"

/* Every object of the class has at least so many bytes. */
static size_t least_bytes(size_t class)
{
    return class_is_medium(class) ? medium_class_bytes(class) : class_bytes(class);
}

#define LEAN_BYTES (LIST_LIMIT_BYTES >> LIST_STEP_SHIFT)
#define LONG_MEDIUM_BYTES (LIST_LIMIT_BYTES << LIST_STEP_SHIFT)

static_assert(LIST_LIMIT_BYTES / ALIGNMENT_BYTES < 65536 &&
                  LONG_MEDIUM_BYTES / SMALL_LIMIT_BYTES < 65536,
              "the room of a list has 16 bits");

size_t list_limit(size_t class, enum list_length length)
{
    /* In all, of small objects and of medium blocks. */
    static const size_t bytes[][2] = {
        [LIST_LONG] = {LIST_LIMIT_BYTES, LONG_MEDIUM_BYTES},
        [LIST_SHORT] = {LIST_LIMIT_BYTES / 2, LIST_LIMIT_BYTES * 2},
        [LIST_LEAN] = {LEAN_BYTES, LEAN_BYTES},
    };
    const size_t objects = bytes[length][class_is_medium(class)] / least_bytes(class);
    const bool none = length == LIST_LEAN && least_bytes(class) > LIST_LIMIT_BYTES;
    return objects == 0 && !none ? 1 : objects;
}

/* 0 is no list. */
static size_t count_of(size_t class, enum list_length length, uintptr_t list)
{
    return list != 0 ? list_limit(class, length) - link_room(list) : 0;
}

size_t list_bytes(size_t class, enum list_length length, uintptr_t list)
{
    return count_of(class, length, list) * least_bytes(class);
}

/* Every block goes back to the heap, and coalesces; returns their number. */
static size_t return_blocks(uintptr_t *list)
{
    size_t blocks = 0;
    uintptr_t link = *list;
    for (; link_object(link) != NULL; blocks++) {
        void *const payload = link_object(link);
        object_require_free(payload);
        link = object_link(payload);
        heap_free(block_from_payload(payload));
    }
    *list = link;
    return blocks;
}

size_t list_return(size_t class, uintptr_t *list)
{
    return class_is_medium(class) ? return_blocks(list) : run_return_list(class, list);
}

static const char *check_medium_block(size_t class, struct block *block)
{
    if (!block_checksum_is_right(block) || !block_is_in_use(block)) {
        return "the tag of a block in a list is broken";
    }
    if (medium_class_of(block_size(block)).class != class) {
        return "a block is in the list of another class";
    }
    return NULL;
}

const char *list_check(size_t class, enum list_length length, uintptr_t list)
{
    size_t objects = count_of(class, length, list);
    for (uintptr_t link = list; link_object(link) != NULL;
         link = object_link(link_object(link))) {
        void *const object = link_object(link);
        if (!object_is_free(object)) {
            return "an object in a list has no canary";
        }
        if (objects-- == 0) {
            return "a list has more objects than its room says";
        }
        const char *const broken =
            class_is_medium(class)
                ? check_medium_block(class, block_from_payload(object))
                : NULL;
        if (broken != NULL) {
            return broken;
        }
    }
    return objects != 0 ? "a list has fewer objects than its room says" : NULL;
}
