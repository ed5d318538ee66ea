#include "debug/quarantine.h"

#include "debug/block.h"
#include "debug/options.h"

/* As many bytes may wait as an eighth of those that are live, too. */
#define LIVE_SHARE 8
/* Address space of retired pages, for each byte that may wait: 1 GiB usually. */
#define PAGES_SHARE 1024
#define BLOCKS_LIMIT ((size_t)1 << 20)

/* Blocks in the order of their freeing, each with the payload of the next. */
struct queue {
    char *first, *last;
    size_t count;
    size_t bytes; /* of memory */
};

static struct queue in_heap, in_pages;

static size_t waiting_bytes(const struct debug_block *block)
{
    return block->memory_bytes + (block->home == DEBUG_IN_HEAP ? 0 : 2 * PAGE_BYTES);
}

/* Let the oldest go; returns it if it was written to meanwhile. */
static struct debug_block *let_go(struct queue *queue)
{
    struct debug_block *const block = debug_table_find(queue->first);
    const char *where;
    queue->first = block->next;
    if (--queue->count == 0) { /* the next block there would seem to be pointed to */
        queue->last = NULL;
    }
    if (debug_block_damage(block, &where) != NULL) {
        return block;
    }
    queue->bytes -= waiting_bytes(block);
    debug_block_release(block);
    debug_table_remove(block);
    return NULL;
}

static bool is_too_full(const struct queue *queue)
{
    if (queue->count > BLOCKS_LIMIT) {
        return true;
    }
    const size_t heap_limit =
        debug_options.quarantine_bytes + debug_totals.live_bytes / LIVE_SHARE;
    return queue->bytes > (queue == &in_heap
                               ? heap_limit
                               : PAGES_SHARE * debug_options.quarantine_bytes);
}

struct debug_block *debug_quarantine_add(struct debug_block *block)
{
    struct queue *const queue = block->home == DEBUG_IN_HEAP ? &in_heap : &in_pages;
    if (queue->count++ == 0) {
        queue->first = block->payload;
    } else {
        debug_table_find(queue->last)->next = block->payload;
    }
    queue->last = block->payload;
    queue->bytes += waiting_bytes(block);
    struct debug_block *damaged = NULL;
    while (damaged == NULL && is_too_full(queue)) {
        damaged = let_go(queue);
    }
    /* By the next call its place and its contents have arrived from memory. */
    debug_table_prefetch(queue->first);
    __builtin_prefetch(queue->first);
    return damaged;
}

bool debug_quarantine_relieve(size_t bytes, struct debug_block **damaged)
{
    struct queue *const queues[] = {&in_pages, &in_heap};
    *damaged = NULL;
    const size_t waiting = in_pages.bytes + in_heap.bytes;
    if (waiting == 0 || waiting < bytes) {
        return false;
    }
    for (size_t i = 0; i < 2 && *damaged == NULL; i++) {
        if (queues[i]->count != 0) {
            *damaged = let_go(queues[i]);
        }
    }
    return true;
}
