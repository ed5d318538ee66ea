#include "debug/block.h"

#include <string.h>

#include "cache/pressure.h"
#include "debug/guard.h"
#include "debug/options.h"

#define ZONE_LIMIT_BYTES ((size_t)1024)

enum {
    ZONE_BYTE = 0xfb,
    FRESH_BYTE = 0xa5,
    FREED_BYTE = 0x5a
};

static char *block_end(const struct debug_block *block)
{
    return block->payload + block->size;
}

static char *memory_end(const struct debug_block *block)
{
    return block->memory + block->memory_bytes;
}

static size_t fill_bytes(size_t size)
{
    return smaller(size, DEBUG_FILL_LIMIT_BYTES);
}

/* Larger blocks are overrun by more: a sixteenth, up to a limit. */
static size_t zone_bytes(size_t size)
{
    const size_t share = size / 16 < ZONE_LIMIT_BYTES ? size / 16 : ZONE_LIMIT_BYTES;
    return align_up(share > debug_options.red_zone_bytes ? share
                                                         : debug_options.red_zone_bytes,
                    ALIGNMENT_BYTES);
}

static void fill(const struct debug_block *block)
{
    memset(block->memory, ZONE_BYTE, (size_t)(block->payload - block->memory));
    memset(block->payload, FRESH_BYTE, fill_bytes(block->size));
    memset(block_end(block), ZONE_BYTE, (size_t)(memory_end(block) - block_end(block)));
}

bool debug_block_place_in_heap(struct debug_block *block, size_t alignment)
{
    const size_t zone = zone_bytes(block->size);
    const size_t front = align_up(zone, alignment);
    /* Behind an odd size the zone begins at once, and goes on to the block's end. */
    const size_t bytes = block_bytes_from_request(front + block->size + zone);
    struct block *const place = alignment > ALIGNMENT_BYTES
                                    ? pressure_allocate_aligned(bytes, alignment, NULL)
                                    : pressure_allocate(bytes);
    if (place == NULL) {
        return false;
    }
    block->home = DEBUG_IN_HEAP;
    block->memory = block_payload(place);
    block->memory_bytes = block_payload_bytes(place);
    block->payload = block->memory + front;
    fill(block);
    if (debug_mode == DEBUG_GUARD) { /* it would have pages if it could */
        debug_guard_warn();
    }
    return true;
}

bool debug_block_place(struct debug_block *block, size_t alignment)
{
    if (block->size == 0 && debug_guard_place_zero_size(block, alignment)) {
        return true;
    }
    const bool wants_pages = debug_mode == DEBUG_GUARD ||
                             block->size > DEBUG_FILL_LIMIT_BYTES ||
                             alignment > PAGE_BYTES;
    if (!wants_pages || !debug_guard_has_room()) {
        return debug_block_place_in_heap(block, alignment);
    }
    const bool placed = debug_guard_place(block, alignment);
    if (placed) {
        fill(block);
    }
    return placed;
}

size_t debug_block_nonzero_prefix(const struct debug_block *block)
{
    return block->home == DEBUG_IN_HEAP ? block->size : fill_bytes(block->size);
}

void debug_block_retire(struct debug_block *block)
{
    if (block->home == DEBUG_IN_HEAP) {
        memset(block->payload, FREED_BYTE, fill_bytes(block->size));
    } else if (block->home == DEBUG_IN_PAGES) {
        debug_guard_close(block);
    }
}

void debug_block_release(const struct debug_block *block)
{
    if (block->home == DEBUG_IN_HEAP) {
        heap_free(block_from_payload(block->memory));
    } else if (block->home == DEBUG_IN_PAGES) {
        debug_guard_release(block);
    }
}

/* The first byte that is not `byte`; NULL: there is none. */
static const char *find_other(const char *from, const char *to, int byte)
{
    const size_t bytes = (size_t)(to - from);
    if (bytes == 0 || (*from == (char)byte && memcmp(from, from + 1, bytes - 1) == 0)) {
        return NULL;
    }
    while (*from == (char)byte) {
        from++;
    }
    return from;
}

const char *debug_block_damage(const struct debug_block *block, const char **where)
{
    if (block->home == DEBUG_IN_NOTHING ||
        (block->home == DEBUG_IN_PAGES && block->freed)) {
        return NULL;
    }
    *where = find_other(block->memory, block->payload, ZONE_BYTE);
    if (*where != NULL) {
        return "write before";
    }
    *where = find_other(block_end(block), memory_end(block), ZONE_BYTE);
    if (*where != NULL) {
        return "write behind";
    }
    if (block->freed) {
        *where = find_other(block->payload, block->payload + fill_bytes(block->size),
                            FREED_BYTE);
    }
    return *where != NULL ? "write after free to" : NULL;
}
