#include "debug/table.h"

#include "base/os.h"
#include "heap/heap.h"

#define FIRST_CAPACITY ((size_t)4096)

/* Under the heap lock; but a prefetch reads it without. */
static struct {
    struct debug_block *places;
    size_t capacity; /* a power of two; at most three quarters are taken */
} table;

struct debug_totals debug_totals;

static size_t home_among(size_t capacity, const void *payload)
{
    const uint64_t hash = ((uintptr_t)payload >> 3) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 20) & (capacity - 1);
}

/* The place of a payload, or the empty one where it would go. */
static struct debug_block *place_of(const void *payload)
{
    size_t i = home_among(table.capacity, payload);
    while (table.places[i].payload != NULL && table.places[i].payload != payload) {
        i = (i + 1) & (table.capacity - 1);
    }
    return &table.places[i];
}

static bool make_room(void)
{
    if (debug_totals.known < table.capacity / 4 * 3) {
        return true;
    }
    struct debug_block *const old = table.places;
    const size_t old_capacity = table.capacity;
    const size_t capacity = old_capacity != 0 ? 2 * old_capacity : FIRST_CAPACITY;
    struct debug_block *const places = heap_map(capacity * sizeof *places);
    if (places == NULL) {
        return debug_totals.known + 1 < old_capacity;
    }
    __atomic_store_n(&table.places, places, __ATOMIC_RELAXED);
    __atomic_store_n(&table.capacity, capacity, __ATOMIC_RELAXED);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].payload != NULL) {
            *place_of(old[i].payload) = old[i];
        }
    }
    if (old != NULL) {
        os_unmap(old, old_capacity * sizeof *old);
    }
    return true;
}

struct debug_block *debug_table_find(const void *payload)
{
    if (table.capacity == 0 || payload == NULL) {
        return NULL;
    }
    struct debug_block *const place = place_of(payload);
    return place->payload != NULL ? place : NULL;
}

void debug_table_prefetch(const void *payload)
{
    /* The two may be of different moments: then the wrong place is fetched. */
    const size_t capacity = __atomic_load_n(&table.capacity, __ATOMIC_RELAXED);
    if (capacity != 0) {
        __builtin_prefetch(&__atomic_load_n(
            &table.places, __ATOMIC_RELAXED)[home_among(capacity, payload)]);
    }
}

bool debug_table_insert(const struct debug_block *block)
{
    if (!make_room()) {
        return false;
    }
    *place_of(block->payload) = *block;
    debug_totals.known++;
    return true;
}

void debug_table_remove(struct debug_block *block)
{
    const size_t mask = table.capacity - 1;
    debug_totals.known--;
    size_t gap = (size_t)(block - table.places);
    for (size_t i = (gap + 1) & mask; table.places[i].payload != NULL;
         i = (i + 1) & mask) {
        const size_t home = home_among(table.capacity, table.places[i].payload);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            table.places[gap] = table.places[i];
            gap = i;
        }
    }
    table.places[gap].payload = NULL;
}

struct debug_block *debug_table_next(const struct debug_block *block)
{
    size_t i = block != NULL ? (size_t)(block - table.places) + 1 : 0;
    while (i < table.capacity && table.places[i].payload == NULL) {
        i++;
    }
    return i < table.capacity ? &table.places[i] : NULL;
}

bool debug_table_holds(uintptr_t page)
{
    return page - (uintptr_t)table.places < table.capacity * sizeof *table.places;
}

struct debug_block *debug_table_around(const void *address)
{
    struct debug_block *block = NULL;
    while ((block = debug_table_next(block)) != NULL &&
           (uintptr_t)address - (uintptr_t)block->memory > block->memory_bytes) {
    }
    return block;
}
