/* The entry points, thin: check the request, take the lock, ask the right layer. */
#include "snug.h"

#include <errno.h>
#include <string.h>

#include "api/entry.h"
#include "api/fast.h"
#include "api/pointer.h"
#include "base/knobs.h"
#include "cache/pressure.h"
#include "debug/debug.h"
#include "heap/zero.h"

struct policy policy;

void policy_set_mmap_threshold(size_t bytes)
{
    /* At most the limit: no request beyond it is below the threshold. */
    policy.mmap_threshold_bytes = larger(smaller(bytes, REQUEST_LIMIT_BYTES), 1);
}

/* Whether a size beyond the threshold is; the environment may have set it. */
static COLD_CODE bool wants_mapping(size_t size)
{
    if (policy.mmap_threshold_bytes == 0) {
        policy_set_mmap_threshold(knobs_get()->mmap_threshold_bytes);
    }
    return size >= policy.mmap_threshold_bytes && !policy.no_mappings;
}

COLD_CODE void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

/* The payload of a block from the heap, where a free object with its canary may have
 * stood; NULL if there is none. It serves a size class that has no runs, or no memory
 * for one, or what is not small (0). */
static void *live_payload(struct block *block, size_t size_class)
{
    if (UNLIKELY(block == NULL)) {
        return NULL;
    }
    if (size_class != 0) {
        run_note_allocated(size_class, block_size(block));
    }
    object_set_live(block_payload(block));
    return block_payload(block);
}

/* The class whose objects serve a request of such an alignment, a power of two (run.h);
 * 0: none does. */
static size_t aligned_class(size_t alignment, size_t size)
{
    const size_t bytes = align_up(larger(size, 1), alignment);
    return bytes <= SMALL_LIMIT_BYTES ? bytes / ALIGNMENT_BYTES : 0;
}

/* A mapping, or a block of the heap, of block_bytes if it has them. alignment: 1 for
 * what malloc gives beyond the small sizes. *nonzero_prefix: how much of the payload
 * may not be zero; NULL: of no interest. */
static NO_INLINE void *allocate(size_t size, size_t alignment, size_t block_bytes,
                                size_t *nonzero_prefix)
{
    bool locked = lock_acquire(&heap_lock);
    void *payload = NULL;
    struct block *block = NULL;
    /* The heap would grow by the alignment for good, and its map with it. */
    const size_t extent = larger(size, alignment);
    if (UNLIKELY(extent >= policy.mmap_threshold_bytes) && wants_mapping(extent)) {
        payload = pressure_map(larger(size, 1), alignment, &locked);
    }
    if (payload == NULL) {
        block = alignment > ALIGNMENT_BYTES
                    ? pressure_allocate_aligned(block_bytes, alignment, NULL)
                    : pressure_allocate_rounded(block_bytes,
                                                block_bytes_from_request(size));
        payload = live_payload(block, aligned_class(alignment, size));
    }
    if (nonzero_prefix != NULL) {
        *nonzero_prefix = block != NULL ? heap_nonzero_prefix(block) : 0;
    }
    lock_release(&heap_lock, locked);
    return LIKELY(payload != NULL) ? payload : out_of_memory();
}

/* A medium block from a current list of the thread; NULL if there is none, or the size
 * is beyond. */
static ALWAYS_INLINE void *take_medium(size_t size)
{
    return size <= MEDIUM_LIMIT_BYTES - BLOCK_HEADER_BYTES
               ? cache_pop_medium(align_up(size + BLOCK_HEADER_BYTES, ALIGNMENT_BYTES))
               : NULL;
}

/* What is beyond the small sizes, and not where take_medium looks. *nonzero_prefix as
 * in allocate. */
static NO_INLINE void *allocate_medium(size_t size, size_t *nonzero_prefix)
{
    if (UNLIKELY(size > REQUEST_LIMIT_BYTES)) {
        return out_of_memory();
    }
    if (debug_is_on()) {
        void *const payload = debug_allocate(size, 1, DEBUG_MALLOC, nonzero_prefix);
        return payload != NULL ? payload : out_of_memory();
    }
    size_t block_bytes = block_bytes_from_request(size);
    void *const cached =
        block_bytes <= MEDIUM_LIMIT_BYTES ? cache_take_medium(&block_bytes) : NULL;
    return cached != NULL ? cached : allocate(size, 1, block_bytes, nonzero_prefix);
}

/* An object, when the current list is empty. */
static void *allocate_object(size_t size)
{
    const size_t size_class = class_from_request(size);
    void *object = cache_take(size_class);
    if (object != NULL) {
        return object;
    }
    const bool locked = lock_acquire(&heap_lock);
    pressure_after_free();
    object = cache_fill(size_class);
    if (UNLIKELY(object == NULL) && run_serves(size_class)) {
        while (object == NULL && pressure_relieve()) {
            object = cache_fill(size_class);
        }
        pressure_settle();
    }
    if (object == NULL) {
        object =
            live_payload(pressure_allocate(block_bytes_from_request(size)), size_class);
    }
    lock_release(&heap_lock, locked);
    return object;
}

static void *allocate_zero_size(void)
{
    const bool locked = lock_acquire(&heap_lock);
    void *const zero_size = zero_allocate();
    lock_release(&heap_lock, locked);
    return zero_size != NULL ? zero_size : allocate_object(1);
}

/* Whether nothing but the heap has to be looked at for a medium size. This needs no
 * lock: a single-threaded process may read the policy. */
static ALWAYS_INLINE bool is_for_heap_alone(size_t size)
{
    return __libc_single_threaded && size < policy.mmap_threshold_bytes &&
           debug_mode == DEBUG_OFF && !cache.lean;
}

/* A medium or larger block that is in no current list. */
static NO_INLINE void *allocate_anew(size_t size)
{
    if (UNLIKELY(!is_for_heap_alone(size))) {
        return allocate_medium(size, NULL);
    }
    struct block *const block =
        pressure_allocate(align_up(size + BLOCK_HEADER_BYTES, ALIGNMENT_BYTES));
    return LIKELY(block != NULL) ? live_payload(block, 0) : out_of_memory();
}

NO_INLINE void *malloc_slow(size_t size)
{
    if (debug_is_on()) {
        void *const payload = debug_allocate(size, 1, DEBUG_MALLOC, NULL);
        return payload != NULL ? payload : out_of_memory();
    }
    void *const object =
        LIKELY(size != 0) ? allocate_object(size) : allocate_zero_size();
    return LIKELY(object != NULL) ? object : out_of_memory();
}

/* No call but the last: it has no registers to save. */
HOT_CODE NO_INLINE void *malloc_medium(size_t size)
{
    void *const cached = take_medium(size);
    return LIKELY(cached != NULL) ? cached : allocate_anew(size);
}

void *snug_malloc(size_t size)
{
    return fast_malloc(size);
}

void *snug_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes))) {
        return out_of_memory();
    }
    size_t nonzero_prefix = bytes;
    void *payload =
        bytes <= SMALL_LIMIT_BYTES ? fast_malloc(bytes) : take_medium(bytes);
    if (UNLIKELY(payload == NULL) && bytes > SMALL_LIMIT_BYTES) {
        payload = allocate_medium(bytes, &nonzero_prefix);
    }
    return LIKELY(payload != NULL) ? memset(payload, 0, smaller(nonzero_prefix, bytes))
                                   : NULL;
}

static NO_INLINE void free_block(void *ptr)
{
    if (debug_is_on()) {
        debug_free(ptr, (struct debug_release){.kind = DEBUG_MALLOC});
        return;
    }
    if (UNLIKELY(cache.state != CACHE_ALIVE)) { /* from now on it may have lists */
        cache_settle();
    }
    const bool locked = lock_acquire(&heap_lock);
    const struct snug_block given = LIKELY(pointer_own_live_block(ptr) != NULL)
                                        ? (struct snug_block){.kind = SNUG_BLOCK}
                                        : pointer_require_live(ptr, &misuse_of_free);
    if (LIKELY(given.kind == SNUG_BLOCK)) {
        struct block *const block = block_from_payload(ptr);
        run_note_freed(block_size(block));
        heap_free(block);
        pressure_after_free();
    } else if (given.kind == SNUG_ZERO_SIZE) {
        zero_free(ptr);
    } else {
        large_forget(ptr);
    }
    lock_release(&heap_lock, locked);
    if (UNLIKELY(given.kind == SNUG_LARGE) && !os_unmap(ptr, given.bytes)) {
        os_purge(ptr, given.bytes); /* too many mappings: keep the address */
    }
}

/* What a cache gave back may have left nearly nothing in use. */
static void look_after_free(void)
{
    if (cache.gave_back) {
        cache.gave_back = false;
        const bool locked = lock_acquire(&heap_lock);
        pressure_after_free();
        lock_release(&heap_lock, locked);
    }
}

/* While a process has one thread the neighbour's tag may be looked at, so that an
 * overflow is noticed when the block before is freed. */
static ALWAYS_INLINE bool neighbour_is_sound(const void *ptr, size_t bytes)
{
    return !__libc_single_threaded ||
           block_checksum_is_right(block_at(block_from_payload(ptr), bytes));
}

/* Frees where there is no room, or the thread is new, blocks of older regions, and what
 * has no list. */
static NO_INLINE void free_medium_slow(void *ptr)
{
    size_t bytes;
    if (ptr == NULL) {
        return;
    }
    if (heap_spans(ptr) && !debug_is_on() &&
        block_is_within(block_from_payload(ptr), MEDIUM_FIRST_BYTES, MEDIUM_LIMIT_BYTES,
                        &bytes)) {
        REQUIRE(!object_is_free(ptr), "double free of", ptr);
        REQUIRE(neighbour_is_sound(ptr, bytes), "corrupted block after", ptr);
        if (cache_free_medium(ptr, bytes)) {
            look_after_free();
            return;
        }
    }
    free_block(ptr);
}

/* No call but the last: none has registers to save. The slow way looks why a block does
 * not go to the current list, and ends the process for misuse. */
HOT_CODE NO_INLINE void free_medium(void *ptr)
{
    size_t bytes;
    if (UNLIKELY(!heap_newest_spans(ptr)) ||
        UNLIKELY(!block_is_within(block_from_payload(ptr), MEDIUM_FIRST_BYTES,
                                  MEDIUM_LIMIT_BYTES, &bytes)) ||
        UNLIKELY(!neighbour_is_sound(ptr, bytes)) || UNLIKELY(object_is_free(ptr)) ||
        UNLIKELY(!cache_push_medium(ptr, bytes))) {
        free_medium_slow(ptr);
    }
}

NO_INLINE void free_object(void *ptr)
{
    const struct map_entry entry = map_lookup(ptr);
    if (!is_live_object(entry, ptr)) {
        pointer_misused(ptr, &misuse_of_free);
    }
    cache_free(entry.size_class, ptr);
    look_after_free();
}

void snug_free(void *ptr)
{
    fast_free(ptr);
}

/* Whether a request of `size` may have got so much room: an object of a class up to
 * twice the size, a block as large as its class or nearly the next, or one with a rest
 * too small to split. */
static bool size_fits(size_t size, size_t room)
{
    const size_t share =
        room <= SMALL_LIMIT_BYTES ? size : size >> (MEDIUM_CLASS_SHIFT - 1);
    return size <= room && room <= size + share + 3 * ALIGNMENT_BYTES;
}

/* The room at a pointer, as far as is known without the lock; 0: not known. */
static size_t room_unlocked(const void *ptr)
{
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class != 0) {
        return class_bytes(entry.size_class);
    }
    const struct block *const block = pointer_own_block(ptr);
    return block != NULL ? block_payload_bytes(block) : 0;
}

void snug_free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
    if (ptr == NULL) {
        return;
    }
    if (UNLIKELY(debug_is_on())) {
        debug_free(ptr,
                   (struct debug_release){DEBUG_MALLOC, true, size, alignment, false});
        return;
    }
    const size_t room = room_unlocked(ptr);
    const size_t size_class = alignment != 0 ? aligned_class(alignment, size) : 0;
    const size_t rounded = size_class != 0 ? class_bytes(size_class) : size;
    REQUIRE(room == 0 || size_fits(size, room) || size_fits(rounded, room),
            "free with a wrong size of", ptr);
    fast_free(ptr);
}

void snug_free_sized(void *ptr, size_t size)
{
    snug_free_aligned_sized(ptr, 0, size);
}

/* An object of an aligned class, or a medium block from a list that happens to be
 * aligned, as one that was when it was new; NULL: there is neither. *block_bytes: what
 * the heap should give then. */
static void *take_aligned(size_t alignment, size_t size, size_t *block_bytes)
{
    const size_t size_class = aligned_class(alignment, size);
    void *payload = NULL;
    if (size_class != 0) {
        payload = fast_malloc(class_bytes(size_class));
    } else if (size > SMALL_LIMIT_BYTES && *block_bytes <= MEDIUM_LIMIT_BYTES) {
        payload = cache_pop_medium(*block_bytes);
        if (payload == NULL) {
            payload = cache_take_medium(block_bytes);
        }
    }
    if (((uintptr_t)payload & (alignment - 1)) == 0) {
        return payload;
    }
    fast_free(payload); /* a block, as the class has no runs yet, or a medium one */
    return NULL;
}

void *allocate_aligned(size_t alignment, size_t size)
{
    if (size > REQUEST_LIMIT_BYTES || alignment > REQUEST_LIMIT_BYTES - size) {
        return out_of_memory();
    }
    if (debug_is_on()) {
        void *const payload = debug_allocate(size, alignment, DEBUG_MALLOC, NULL);
        return payload != NULL ? payload : out_of_memory();
    }
    if (alignment <= ALIGNMENT_BYTES) {
        return snug_malloc(size);
    }
    const size_t needed = block_bytes_from_request(size);
    size_t block_bytes = needed;
    void *const taken = take_aligned(alignment, size, &block_bytes);
    /* As large as its class it may reach beyond where the next one could stand, which
     * costs more than what a class may waste. */
    if (block_bytes != needed &&
        align_up(block_bytes, alignment) - align_up(needed, alignment) >
            medium_class_for(needed).step) {
        block_bytes = needed;
    }
    return taken != NULL ? taken : allocate(size, alignment, block_bytes, NULL);
}
