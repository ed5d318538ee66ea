/* realloc and its kin, and how much room a block has. */
#include "snug.h"

#include <string.h>

#include "api/entry.h"
#include "api/fast.h"
#include "api/pointer.h"
#include "base/os.h"
#include "cache/pressure.h"
#include "debug/debug.h"

/* Where there is no memory what has the room stays. Not inline: gcc would copy what it
 * knows to be short by a string instruction, which is slow to begin. */
static NO_INLINE void *move(void *ptr, size_t old_bytes, size_t size)
{
    void *const moved = fast_malloc(size);
    if (UNLIKELY(moved == NULL)) {
        return size <= old_bytes ? ptr : NULL;
    }
    memcpy(moved, ptr, smaller(old_bytes, size));
    fast_free(ptr);
    return moved;
}

/* To a place in the heap with room to grow again, of which a slack is taken at once: of
 * two blocks that grow in turn by a little each would leave a place that is too small
 * for the other. It is as far from the start of a page: where both places together
 * would be more than was ever resident the whole pages move there, and not what they
 * hold. */
static NO_INLINE void *move_to_grow(char *ptr, size_t old_bytes, size_t size)
{
    char *const first = (char *)align_up((uintptr_t)ptr, PAGE_BYTES);
    char *const end = (char *)align_down((uintptr_t)ptr + old_bytes, PAGE_BYTES);
    const size_t front = (size_t)(first - ptr);
    const size_t bytes = (size_t)(end - first);
    const size_t needed = block_bytes_from_request(size);
    bool locked = lock_acquire(&heap_lock);
    struct block *const block =
        pressure_allocate_aligned(needed + block_slack(needed), PAGE_BYTES, ptr);
    const bool moves =
        block != NULL && old_bytes > MEDIUM_LIMIT_BYTES && pressure_wants_move();
    lock_release(&heap_lock, locked);
    if (block == NULL) { /* there may be just as much as is needed */
        return move(ptr, old_bytes, size);
    }
    char *const to = block_payload(block);
    const enum os_move moved =
        moves ? os_move_pages(first, bytes, to + front) : OS_NOT_MOVED;
    if (moved == OS_MOVE_LOST) { /* the block stays in use for ever */
        return move(ptr, old_bytes, size);
    }
    if (moved == OS_MOVED) {
        memcpy(to, ptr, front);
        memcpy(to + front + bytes, end, old_bytes - front - bytes);
    } else {
        memcpy(to, ptr, old_bytes);
    }
    locked = lock_acquire(&heap_lock);
    if (moved == OS_MOVED) {
        pages_vacate((uintptr_t)first, (uintptr_t)end);
    }
    heap_free(block_from_payload(ptr)); /* vacant pages are those of free blocks */
    pressure_settle();
    lock_release(&heap_lock, locked);
    return to;
}

/* A live block of the heap, of another size from now on. */
static void *resize_own(struct block *block, size_t size)
{
    const size_t needed = block_bytes_from_request(size);
    const size_t old_bytes = block_payload_bytes(block);
    void *const ptr = block_payload(block);
    /* To copy so little out of a block that has lists takes less than the lock does;
     * and less than to split it, if it becomes half as large at most, and leaves the
     * other whole. */
    if (size <= MOVE_DOWN_BYTES && old_bytes > SMALL_LIMIT_BYTES &&
        (!__libc_single_threaded || size <= old_bytes / 2)) {
        void *const moved = move(ptr, old_bytes, size);
        if (LIKELY(moved != ptr)) {
            return moved;
        }
    }
    bool stays = true;
    const bool locked = lock_acquire(&heap_lock);
    if (needed <= block_size(block)) {
        heap_shrink(block, needed);
    } else {
        stays = heap_extend(block, needed);
        if (UNLIKELY(heap_resident_bytes() > heap.limit_bytes)) {
            pressure_settle();
        }
    }
    lock_release(&heap_lock, locked);
    if (stays) {
        return ptr;
    }
    return old_bytes > LIST_LIMIT_BYTES ? move_to_grow(ptr, old_bytes, size)
                                        : move(ptr, old_bytes, size);
}

/* What neither the map nor a tag in the newest region tells, and misuse. */
static NO_INLINE void *resize_slowly(void *ptr, size_t size)
{
    if (UNLIKELY(size > REQUEST_LIMIT_BYTES)) {
        return out_of_memory();
    }
    if (debug_is_on()) {
        void *const moved = debug_resize(ptr, size);
        return moved != NULL ? moved : out_of_memory();
    }
    bool locked = lock_acquire(&heap_lock);
    const struct snug_block old = pointer_require_live(ptr, &misuse_of_realloc);
    void *resized = NULL;
    /* One that shrinks below half the threshold goes back into the heap. */
    if (old.kind == SNUG_LARGE && size >= policy.mmap_threshold_bytes / 2) {
        resized = large_resize(ptr, size, &locked);
        pressure_settle();
    }
    lock_release(&heap_lock, locked);
    if (old.kind == SNUG_BLOCK) {
        return resize_own(block_from_payload(ptr), size);
    }
    return resized != NULL ? resized : move(ptr, old.bytes, size);
}

/* What is no object of a run. A debug level knows better than memory nearby. */
static NO_INLINE void *resize_block(void *ptr, size_t size)
{
    struct block *const block = block_from_payload(ptr);
    size_t bytes;
    if (LIKELY(heap_newest_spans(ptr)) &&
        LIKELY(block_is_within(block, BLOCK_MIN_BYTES, BLOCK_SIZE_MASK, &bytes)) &&
        LIKELY(!object_is_free(ptr)) && LIKELY(size <= REQUEST_LIMIT_BYTES) &&
        LIKELY(debug_mode == DEBUG_OFF)) {
        const size_t needed = block_bytes_from_request(size);
        const bool stays = /* it has the size, or one too near to it to split */
            bytes >= needed && bytes - needed < block_least_rest(needed);
        return stays ? ptr : resize_own(block, size);
    }
    return resize_slowly(ptr, size);
}

void *snug_realloc(void *ptr, size_t size)
{
    if (UNLIKELY(ptr == NULL)) {
        return fast_malloc(size);
    }
    if (UNLIKELY(size == 0)) {
        snug_free(ptr);
        return NULL;
    }
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class == 0) {
        return resize_block(ptr, size);
    }
    if (!is_live_object(entry, ptr)) {
        pointer_misused(ptr, &misuse_of_realloc);
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
    /* Programs that count their memory ask at each call, in all threads: no lock. */
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class != 0 && is_live_object(entry, ptr)) {
        return class_bytes(entry.size_class);
    }
    const struct block *const block =
        entry.size_class == 0 ? pointer_own_live_block(ptr) : NULL;
    if (block != NULL) {
        return block_payload_bytes(block);
    }
    const bool locked = lock_acquire(&heap_lock);
    const size_t bytes = pointer_require_live(ptr, &misuse_of_usable_size).bytes;
    lock_release(&heap_lock, locked);
    return bytes;
}
