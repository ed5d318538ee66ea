/* The debug levels: what the entry points call instead of caches, runs and heap.
 *
 * The mode is settled at the first call that reaches a slow path, from SNUG_DEBUG or
 * snug_debug, and never changes again. With a level on, no cache is initialized and no
 * run is made, so every call ends up in a slow path, where it asks debug_is_on() first.
 * With none on, that question is one comparison there and nothing on the fast paths.
 *
 * Blocks are found by a table from payload to record (debug/table.h), never by looking
 * at memory near the pointer; everything about them is protected by the heap lock. */
#ifndef SNUG_DEBUG_H
#define SNUG_DEBUG_H

#include "base/size.h"

enum debug_mode {
    DEBUG_UNREAD, /* nobody has asked yet */
    DEBUG_OFF,
    DEBUG_CHECK,
    DEBUG_GUARD
};

extern OUR_OWN uint8_t debug_mode; /* enum debug_mode */

/* Settle the mode if need be; whether a level is on. */
COLD_CODE bool debug_begin(void);

static ALWAYS_INLINE bool debug_is_on(void)
{
    const uint8_t mode = __atomic_load_n(&debug_mode, __ATOMIC_ACQUIRE);
    return UNLIKELY(mode != DEBUG_OFF) && debug_begin();
}

/* By which family of calls a block was allocated or is freed. */
enum debug_kind {
    DEBUG_MALLOC,
    DEBUG_NEW,
    DEBUG_NEW_ARRAY
};

/* What a freeing call tells about the block. */
struct debug_release {
    enum debug_kind kind;
    bool sized; /* the size below is claimed */
    size_t size;
    size_t alignment; /* claimed; 0: none */
    bool resizes;     /* realloc's */
};

/* NULL: no memory; errno is untouched. alignment is a power of two, 1 for what malloc
 * gives. *nonzero_prefix: how much of the block may not be zero; may be NULL. */
COLD_CODE void *debug_allocate(size_t size, size_t alignment, enum debug_kind kind,
                               size_t *nonzero_prefix);
/* ptr is not NULL. */
COLD_CODE void debug_free(void *ptr, struct debug_release release);
/* As realloc, neither ptr nor size 0; always moves. NULL: no memory. */
COLD_CODE void *debug_resize(void *ptr, size_t size);
COLD_CODE size_t debug_usable_bytes(const void *ptr);

#endif
