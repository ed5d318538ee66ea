#include "debug/quarantine.h"

#include "base/os.h"
#include "debug/block.h"
#include "debug/options.h"
#include "heap/heap.h"

/* As many bytes may wait as an eighth of those that are live, too. */
#define LIVE_SHARE 8
/* Address space of retired pages, for each byte of memory that may wait: 1 GiB usually.
 */
#define PAGES_SHARE 1024
#define BLOCKS_LIMIT ((size_t)1 << 20)

/* A ring of payloads, oldest first. */
struct ring {
    char **payloads;
    size_t capacity; /* a power of two */
    size_t first;
    size_t count;
    size_t bytes; /* of memory */
};

static struct ring in_heap, in_pages;

static bool ring_grow(struct ring *ring)
{
    const size_t capacity = ring->capacity != 0 ? 2 * ring->capacity : 4 * KIB;
    char **const payloads = heap_map(capacity * sizeof *payloads);
    if (payloads == NULL) {
        return false;
    }
    for (size_t i = 0; i < ring->count; i++) {
        payloads[i] = ring->payloads[(ring->first + i) & (ring->capacity - 1)];
    }
    if (ring->payloads != NULL) {
        os_unmap(ring->payloads, ring->capacity * sizeof *payloads);
    }
    ring->payloads = payloads;
    ring->capacity = capacity;
    ring->first = 0;
    return true;
}

static size_t waiting_bytes(const struct debug_block *block)
{
    return block->memory_bytes + (block->home == DEBUG_IN_HEAP ? 0 : 2 * PAGE_BYTES);
}

static void release(struct ring *ring, struct debug_block *block)
{
    ring->bytes -= waiting_bytes(block);
    debug_block_release(block);
    debug_table_remove(block);
}

/* Let the oldest go; returns it if it was written to meanwhile. */
static struct debug_block *let_go(struct ring *ring)
{
    struct debug_block *const block = debug_table_find(ring->payloads[ring->first]);
    const char *where;
    /* The next block at this address would look as if something pointed to it. */
    ring->payloads[ring->first] = NULL;
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
    if (debug_block_damage(block, &where) != NULL) {
        return block;
    }
    release(ring, block);
    return NULL;
}

static bool is_too_full(const struct ring *ring)
{
    if (ring->count > BLOCKS_LIMIT) {
        return true;
    }
    const size_t heap_limit =
        debug_options.quarantine_bytes + debug_totals.live_bytes / LIVE_SHARE;
    return ring->bytes > (ring == &in_heap
                              ? heap_limit
                              : PAGES_SHARE * debug_options.quarantine_bytes);
}

struct debug_block *debug_quarantine_add(struct debug_block *block)
{
    struct ring *const ring = block->home == DEBUG_IN_HEAP ? &in_heap : &in_pages;
    ring->bytes += waiting_bytes(block);
    if (ring->count == ring->capacity && !ring_grow(ring)) {
        release(ring, block); /* no memory to remember it */
        return NULL;
    }
    ring->payloads[(ring->first + ring->count++) & (ring->capacity - 1)] =
        block->payload;
    struct debug_block *damaged = NULL;
    while (damaged == NULL && is_too_full(ring)) {
        damaged = let_go(ring);
    }
    /* By the next call its place and its contents have arrived from memory. */
    const char *const next = ring->payloads[ring->first];
    debug_table_prefetch(next);
    __builtin_prefetch(next);
    return damaged;
}

bool debug_quarantine_relieve(size_t bytes, struct debug_block **damaged)
{
    struct ring *const rings[] = {&in_pages, &in_heap};
    *damaged = NULL;
    const size_t waiting = in_pages.bytes + in_heap.bytes;
    if (waiting == 0 || waiting < bytes) {
        return false;
    }
    for (size_t i = 0; i < 2 && *damaged == NULL; i++) {
        if (rings[i]->count != 0) {
            *damaged = let_go(rings[i]);
        }
    }
    return true;
}
