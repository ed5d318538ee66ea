/* Every block as it is: snug_walk, and snug_stats, which counts what it sees. */
#include "snug.h"

#include "api/entry.h"
#include "api/pointer.h"
#include "debug/table.h"
#include "heap/large.h"
#include "small/run.h"

struct walk {
    void (*callback)(const struct snug_block *block, void *context);
    void *context;
};

static void tell(const struct walk *walk, struct snug_block block)
{
    if (block.address != NULL) { /* a damaged run, too, may lead to nothing */
        walk->callback(&block, walk->context);
    }
}

/* What the run itself says may be damaged. */
static void visit_run(const struct walk *walk, const char *objects,
                      struct map_entry entry)
{
    const struct run *const run = run_of(entry, objects);
    const size_t object_bytes = class_bytes(entry.size_class);
    const char *const never_used = objects + run->carved_end;
    const char *const end = objects + run->end;
    const char *object = objects;
    for (; object < end && object + object_bytes <= (const char *)run;
         object += object_bytes) {
        struct snug_block found = pointer_identify(object);
        found.state = object < never_used ? found.state : SNUG_FREE;
        tell(walk, found);
    }
}

static void visit_block(const struct block *block, size_t bytes, void *context)
{
    (void)bytes;
    const char *const payload = (const char *)block + BLOCK_HEADER_BYTES;
    const struct map_entry entry = map_lookup(payload);
    if (block_is_in_use(block) && entry.size_class != 0 && entry.back == 0) {
        visit_run(context, payload, entry);
        return;
    }
    tell(context, pointer_identify(payload));
}

static void visit_large(const void *payload, void *context)
{
    tell(context, pointer_identify(payload));
}

static bool visit_all(struct walk *walk)
{
    if (debug_mode <= DEBUG_OFF) {
        const bool whole = heap_visit(visit_block, walk);
        large_visit(visit_large, walk);
        return whole;
    }
    const struct debug_block *block = NULL;
    while ((block = debug_table_next(block)) != NULL) {
        tell(walk, (struct snug_block){
                       .address = block->payload,
                       .bytes = block->size,
                       .kind = block->home == DEBUG_IN_PAGES ? SNUG_LARGE : SNUG_BLOCK,
                       .state = block->freed ? SNUG_KEPT : SNUG_IN_USE,
                   });
    }
    return true;
}

bool snug_walk(void (*callback)(const struct snug_block *block, void *context),
               void *context)
{
    bool locked;
    if (!lock_acquire_to_look(&heap_lock, &locked)) {
        return false;
    }
    const bool whole = visit_all(&(struct walk){callback, context});
    lock_release(&heap_lock, locked);
    return whole;
}

static void count_block(const struct snug_block *block, void *context)
{
    struct snug_stats *const stats = context;
    size_t *const blocks[] = {&stats->live_blocks, &stats->kept_blocks,
                              &stats->free_blocks};
    size_t *const bytes[] = {&stats->live_bytes, &stats->kept_bytes,
                             &stats->free_bytes};
    *blocks[block->state] += 1;
    *bytes[block->state] += block->bytes;
}

/* At a debug level the table has no free blocks: they are the heap's. */
static void count_free_block(const struct block *block, size_t bytes, void *context)
{
    struct snug_stats *const stats = context;
    if (!block_is_in_use(block)) {
        stats->free_blocks++;
        stats->free_bytes += bytes - BLOCK_HEADER_BYTES;
    }
}

bool snug_stats(struct snug_stats *stats)
{
    *stats = (struct snug_stats){.system_calls = snug_system_calls()};
    bool locked;
    if (!lock_acquire_to_look(&heap_lock, &locked)) {
        return false;
    }
    bool whole = visit_all(&(struct walk){count_block, stats});
    if (debug_mode > DEBUG_OFF) {
        whole = heap_visit(count_free_block, stats);
    }
    stats->top_bytes = (size_t)(heap.end - heap.top);
    stats->runs = run_count;
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        stats->regions++;
    }
    stats->region_bytes = heap.region_bytes;
    stats->touched_bytes = heap_resident_bytes();
    stats->large_blocks = large_sums.blocks;
    stats->large_bytes = large_sums.bytes;
    lock_release(&heap_lock, locked);
    return whole;
}
