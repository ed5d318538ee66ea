#include "heap/large.h"

#include "base/lock.h"
#include "heap/heap.h"

struct mapping {
    void *payload; /* NULL: empty entry */
    size_t bytes;
};

/* As many blocks as the system usually allows mappings; further ones are the heap's. */
#define CAPACITY ((size_t)1 << 16)

static struct mapping none;

static struct {
    struct mapping *entries;
    size_t capacity; /* a power of two; at most three quarters are taken */
    struct large_counts counts;
    struct large_counts moving; /* among them, but not in the table at this moment */
} table = {&none, 1, {0, 0}, {0, 0}};

static size_t home_of(const void *payload)
{
    /* Fibonacci hashing of the page number (Knuth 6.4). */
    const uint64_t hash = ((uintptr_t)payload / PAGE_BYTES) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 32) & (table.capacity - 1);
}

/* The entry of a payload, or the empty one where it would go. */
static struct mapping *find(const void *payload)
{
    size_t i = home_of(payload);
    while (table.entries[i].payload != NULL && table.entries[i].payload != payload) {
        i = (i + 1) & (table.capacity - 1);
    }
    return &table.entries[i];
}

static bool make_room(void)
{
    struct mapping *const entries =
        table.capacity < CAPACITY ? heap_map(CAPACITY * sizeof *entries) : NULL;
    if (entries != NULL) {
        table.entries = entries;
        table.capacity = CAPACITY;
    }
    return table.counts.blocks < table.capacity / 4 * 3;
}

/* Empty an entry and close the gap: later entries of the run move up if they may. */
static void empty(struct mapping *entry)
{
    const size_t mask = table.capacity - 1;
    size_t gap = (size_t)(entry - table.entries);
    for (size_t i = (gap + 1) & mask; table.entries[i].payload != NULL;
         i = (i + 1) & mask) {
        const size_t home = home_of(table.entries[i].payload);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            table.entries[gap] = table.entries[i];
            gap = i;
        }
    }
    table.entries[gap].payload = NULL;
}

void *large_map(size_t bytes, size_t alignment)
{
    if (alignment <= PAGE_BYTES) {
        return os_map(bytes);
    }
    char *const whole = os_map(bytes + alignment);
    char *const payload = (char *)align_up((uintptr_t)whole, alignment);
    if (whole != NULL) {
        os_unmap_around(whole, bytes + alignment, payload, bytes);
    }
    return payload;
}

bool large_enter(void *payload, size_t bytes)
{
    if (!make_room()) {
        return false;
    }
    *find(payload) = (struct mapping){payload, bytes};
    table.counts.blocks++;
    table.counts.bytes += bytes;
    return true;
}

size_t large_bytes(const void *payload)
{
    const struct mapping *const entry = find(payload);
    return entry->payload != NULL ? entry->bytes : 0;
}

void large_forget(const void *payload)
{
    struct mapping *const entry = find(payload);
    table.counts.blocks--;
    table.counts.bytes -= entry->bytes;
    empty(entry);
}

void *large_resize(void *payload, size_t request, bool *locked)
{
    const size_t bytes = align_up(request, PAGE_BYTES);
    const struct mapping old = *find(payload);
    if (bytes == old.bytes) {
        return payload;
    }
    /* It leaves the table meanwhile: where it was may soon be another thread's. */
    empty(find(payload));
    table.moving.blocks++;
    table.moving.bytes += old.bytes;
    lock_release(&heap_lock, *locked);
    void *moved = os_remap(payload, old.bytes, bytes);
    *locked = lock_acquire(&heap_lock);
    if (moved == NULL && heap_return_reserve()) {
        moved = os_remap(payload, old.bytes, bytes);
    }
    table.moving.blocks--;
    table.moving.bytes -= old.bytes;
    const struct mapping now = moved != NULL ? (struct mapping){moved, bytes} : old;
    table.counts.bytes += now.bytes - old.bytes;
    *find(now.payload) = now;
    return moved;
}

struct large_counts large_counts(void)
{
    return table.counts;
}

void large_visit(void (*visit)(void *payload, size_t bytes, void *context),
                 void *context)
{
    for (size_t i = 0; i < table.capacity; i++) {
        if (table.entries[i].payload != NULL) {
            visit(table.entries[i].payload, table.entries[i].bytes, context);
        }
    }
}

const char *large_check(void)
{
    struct large_counts seen = table.moving;
    for (size_t i = 0; i < table.capacity; i++) {
        const struct mapping *const entry = &table.entries[i];
        if (entry->payload == NULL) {
            continue;
        }
        if (find(entry->payload) != entry) {
            return "a mapping cannot be found in the table";
        }
        if (entry->bytes == 0 || entry->bytes % PAGE_BYTES != 0 ||
            (uintptr_t)entry->payload % PAGE_BYTES != 0) {
            return "a mapping is not made of whole pages";
        }
        seen.blocks++;
        seen.bytes += entry->bytes;
    }
    const bool same =
        seen.blocks == table.counts.blocks && seen.bytes == table.counts.bytes;
    return same ? NULL : "the count of mappings is wrong";
}
