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
    if (length != LIST_LONG && least_bytes(class) > LIST_LIMIT_BYTES) {
        return 0;
    }
    return objects != 0 ? objects : 1;
}

size_t list_bytes(size_t class, size_t count)
{
    return count * least_bytes(class);
}

/* Every block goes back to the heap, and coalesces. */
static size_t return_blocks(void *first)
{
    size_t blocks = 0;
    for (void *payload = first; payload != NULL; blocks++) {
        void *const next = object_next(payload);
        object_require_free(payload);
        heap_free(block_from_payload(payload));
        payload = next;
    }
    return blocks;
}

size_t list_return(size_t class, void *first)
{
    return class_is_medium(class) ? return_blocks(first)
                                  : run_return_list(class, first);
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

const char *list_check(size_t class, struct list list)
{
    for (void *object = list.first; object != NULL; object = object_next(object)) {
        if (!object_is_free(object)) {
            return "an object in a list has no canary";
        }
        if (list.count-- == 0) {
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
    return list.count != 0 ? "a list has fewer objects than its room says" : NULL;
}
