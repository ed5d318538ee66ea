/* realloc and its kin, and how much room a block has. */
#include "snug.h"

#include <string.h>

#include "debug.h"
#include "entry.h"
#include "fast.h"
#include "large.h"
#include "zero.h"

/* Bytes usable at a live block; under the lock. */
static size_t usable_bytes(const void *ptr, const char *misuse, const char *foreign)
{
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class != 0) {
        if (!is_live_object(entry, ptr)) {
            misused_object(entry, ptr, misuse, foreign);
        }
        return class_bytes(entry.size_class);
    }
    if (LIKELY(heap_owns(ptr))) {
        return block_payload_bytes(live_block(ptr, misuse));
    }
    if (zero_spans(ptr)) {
        REQUIRE(zero_is_live(ptr), misuse, ptr);
        return 0;
    }
    const size_t bytes = large_bytes(ptr);
    REQUIRE(bytes != 0, foreign, ptr);
    return bytes;
}

/* Resize without copying; NULL: the block must move. Under the lock. */
static void *resize_in_place(void *ptr, size_t size)
{
    if (heap_owns(ptr)) {
        struct block *const block = block_from_payload(ptr);
        return heap_resize(block, block_bytes_from_request(size)) ? ptr : NULL;
    }
    if (zero_spans(ptr)) {
        return NULL;
    }
    /* A mapping that shrinks below half the threshold goes back into the heap. */
    return size >= policy_mmap_threshold() / 2 ? large_resize(ptr, size) : NULL;
}

/* A place to grow into. A block of REMAP_BYTES that had to move once gets a mapping,
 * however high the threshold is by now: from then on mremap grows it without copying.
 */
static void *place_to_move(size_t old_bytes, size_t size)
{
    if (LIKELY(size < REMAP_BYTES || size < old_bytes)) {
        return snug_malloc(size);
    }
    const bool locked = lock_acquire(&heap_lock);
    void *mapping = NULL;
    if (policy_allows_mappings()) {
        heap_purge_for_growth(size);
        mapping = large_allocate(size, PAGE_BYTES);
    }
    lock_release(&heap_lock, locked);
    return mapping != NULL ? mapping : snug_malloc(size);
}

static void *move(void *ptr, size_t old_bytes, size_t size)
{
    void *const moved = place_to_move(old_bytes, size);
    if (moved != NULL) {
        memcpy(moved, ptr, old_bytes < size ? old_bytes : size);
        snug_free(ptr);
    }
    return moved;
}

/* Whether a block has the size already, or one too near to it to split. */
static ALWAYS_INLINE bool size_stays(const struct block *block, size_t needed)
{
    const size_t bytes = block_size(block);
    return bytes >= needed && bytes - needed < block_least_rest(needed);
}

/* A live block of the heap. */
static void *resize_own(struct block *block, size_t size)
{
    const size_t needed = block_bytes_from_request(size);
    if (size_stays(block, needed)) {
        return block_payload(block);
    }
    const bool locked = lock_acquire(&heap_lock);
    const size_t old_bytes = block_payload_bytes(block);
    const bool resized = heap_resize(block, needed);
    lock_release(&heap_lock, locked);
    return LIKELY(resized) ? block_payload(block)
                           : move(block_payload(block), old_bytes, size);
}

/* A block that is no object of a run. */
static NO_INLINE void *resize_block(void *ptr, size_t size)
{
    if (UNLIKELY(size > REQUEST_LIMIT_BYTES)) {
        return out_of_memory();
    }
    if (debug_is_on()) {
        void *const moved = debug_resize(ptr, size);
        return moved != NULL ? moved : out_of_memory();
    }
    struct block *const block = map_lookup(ptr).size_class == 0 ? own_block(ptr) : NULL;
    if (LIKELY(block != NULL) && LIKELY(!object_is_free(ptr))) {
        return resize_own(block, size);
    }
    const bool locked = lock_acquire(&heap_lock);
    const size_t old_bytes = usable_bytes(ptr, "realloc of the freed block",
                                          "realloc of a pointer that is no block:");
    void *const resized = resize_in_place(ptr, size);
    lock_release(&heap_lock, locked);
    return resized != NULL ? resized : move(ptr, old_bytes, size);
}

void *snug_realloc(void *ptr, size_t size)
{
    if (UNLIKELY(ptr == NULL)) {
        return snug_malloc(size);
    }
    if (UNLIKELY(size == 0)) {
        snug_free(ptr);
        return NULL;
    }
    const struct map_entry entry = map_lookup(ptr);
    if (!is_live_object(entry, ptr)) { /* no object, or misused */
        return resize_block(ptr, size);
    }
    /* An object has the room of its class; half empty, a smaller class is better. */
    const size_t bytes = class_bytes(entry.size_class);
    return size <= bytes && size > bytes / 2 ? ptr : move(ptr, bytes, size);
}

void *snug_reallocarray(void *ptr, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return out_of_memory();
    }
    return snug_realloc(ptr, bytes);
}

size_t snug_malloc_usable_size(void *ptr)
{
    if (ptr == NULL) {
        return 0;
    }
    if (debug_is_on()) {
        return debug_usable_bytes(ptr);
    }
    const bool locked = lock_acquire(&heap_lock);
    const size_t bytes = usable_bytes(ptr, "usable size of the freed block",
                                      "usable size of a pointer that is no block:");
    lock_release(&heap_lock, locked);
    return bytes;
}
