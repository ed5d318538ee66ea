#include "debug/stack.h"

#include <string.h>

#include "base/lock.h"
#include "base/os.h"
#include "debug/arena.h"
#include "debug/options.h"
#include "debug/unwind.h"
#include "heap/heap.h"

void debug_stack_capture(struct debug_stack *stack)
{
    stack->count = stack->number = 0;
    if (debug_inside == 0) {
        const struct unwind_start start = unwind_start_here();
        stack->count = debug_unwind(&start, stack->frames, debug_options.depth);
    }
}

/* The store: records in chunks, a number is the place of one in units of 8 bytes. */
struct record {
    uint32_t next; /* in its bucket; 0: none */
    uint32_t count;
    uint64_t hash;
    void *frames[];
};

#define CHUNK_SHIFT 17
#define CHUNK_UNITS ((size_t)1 << CHUNK_SHIFT)
#define CHUNK_LIMIT ((size_t)4096)
#define BUCKETS ((size_t)1 << 16)

static struct {
    uint64_t *chunks[CHUNK_LIMIT];
    size_t chunk_count;
    size_t used; /* units of the last chunk */
    uint32_t *buckets;
} store;

static struct record *record_at(uint32_t number)
{
    uint64_t *const chunk = store.chunks[number >> CHUNK_SHIFT];
    return (struct record *)(chunk + (number & (CHUNK_UNITS - 1)));
}

static uint64_t hash_of(const struct debug_stack *stack)
{
    uint64_t hash = stack->count;
    for (size_t i = 0; i < stack->count; i++) {
        hash = (hash ^ (uintptr_t)stack->frames[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static uint32_t record_new(size_t units)
{
    if (store.chunk_count == 0 || store.used + units > CHUNK_UNITS) {
        uint64_t *const chunk = store.chunk_count < CHUNK_LIMIT
                                    ? heap_map(CHUNK_UNITS * sizeof(uint64_t))
                                    : NULL;
        if (chunk == NULL) {
            return 0;
        }
        store.chunks[store.chunk_count++] = chunk;
        store.used = 1; /* no record has the number 0 */
    }
    const size_t number = (store.chunk_count - 1) << CHUNK_SHIFT | store.used;
    store.used += units;
    return (uint32_t)number;
}

uint32_t debug_stack_numbers_end(void)
{
    const bool locked = lock_acquire(&heap_lock);
    const size_t chunks = store.chunk_count;
    const size_t end = chunks != 0 ? (chunks - 1) * CHUNK_UNITS + store.used : 0;
    lock_release(&heap_lock, locked);
    return (uint32_t)end;
}

uint32_t debug_stack_store(const struct debug_stack *stack)
{
    if (store.buckets == NULL) {
        store.buckets = heap_map(BUCKETS * sizeof *store.buckets);
    }
    if (stack->count == 0 || store.buckets == NULL) {
        return 0;
    }
    const uint64_t hash = hash_of(stack);
    const size_t bytes = stack->count * sizeof *stack->frames;
    uint32_t *const bucket = &store.buckets[hash & (BUCKETS - 1)];
    for (uint32_t number = *bucket; number != 0; number = record_at(number)->next) {
        const struct record *const record = record_at(number);
        if (record->hash == hash) { /* of 64 bits: no two stacks share one */
            return number;
        }
    }
    const uint32_t number =
        record_new((sizeof(struct record) + bytes) / sizeof(uint64_t));
    if (number != 0) {
        struct record *const record = record_at(number);
        *record = (struct record){*bucket, (uint32_t)stack->count, hash};
        memcpy(record->frames, stack->frames, bytes);
        *bucket = number;
    }
    return number;
}

struct debug_stack debug_stack_load(uint32_t number)
{
    struct debug_stack stack = {.number = number};
    if (number != 0) {
        const struct record *const record = record_at(number);
        stack.count = record->count;
        memcpy(stack.frames, record->frames, stack.count * sizeof *stack.frames);
    }
    return stack;
}
