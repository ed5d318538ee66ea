#include "api/pointer.h"

#include "heap/large.h"
#include "heap/zero.h"
#include "small/run.h"

static const struct snug_block nothing = {.address = NULL};

static struct snug_block identify_object(struct map_entry entry, const void *ptr)
{
    if (!run_is_object(entry, ptr)) {
        return nothing;
    }
    const struct run *const run = run_of(entry, ptr);
    const enum snug_state state = !object_is_free(ptr)     ? SNUG_IN_USE
                                  : run_has_free(run, ptr) ? SNUG_FREE
                                                           : SNUG_KEPT;
    return (struct snug_block){ptr, class_bytes(entry.size_class),
                               run_start(entry, ptr), SNUG_OBJECT, state};
}

/* By its tag; the pointer is into a region. */
static struct snug_block identify_block(const void *ptr)
{
    const struct block *const block = block_from_payload(ptr);
    struct snug_block found = {.address = ptr, .kind = SNUG_BLOCK, .state = SNUG_FREE};
    if (!block_checksum_is_right(block)) {
        return block_is_invalidated(block) ? found : nothing;
    }
    if (block_is_in_use(block)) {
        found.bytes = block_payload_bytes(block);
        if (block_size(block) < BLOCK_MIN_BYTES ||
            !heap_spans((const char *)ptr + found.bytes - BLOCK_HEADER_BYTES)) {
            return nothing;
        }
        found.state = object_is_free(ptr) ? SNUG_KEPT : SNUG_IN_USE;
    } else if (bins_begins_at(&heap_bins, block_record(block), block)) {
        found.bytes = heap_block_bytes(block) - BLOCK_HEADER_BYTES;
    }
    return found;
}

struct snug_block pointer_identify(const void *ptr)
{
    const struct map_entry entry = map_lookup(ptr);
    if (entry.size_class != 0) {
        return identify_object(entry, ptr);
    }
    if (heap_spans(ptr)) {
        return identify_block(ptr);
    }
    if (zero_spans(ptr)) {
        const enum snug_state state = zero_is_live(ptr) ? SNUG_IN_USE : SNUG_FREE;
        return (struct snug_block){ptr, 0, NULL, SNUG_ZERO_SIZE, state};
    }
    const size_t bytes = large_bytes(ptr);
    return bytes != 0 ? (struct snug_block){ptr, bytes, NULL, SNUG_LARGE, SNUG_IN_USE}
                      : nothing;
}

void pointer_misused(const void *ptr, const struct misuse *misuse)
{
    if (pointer_identify(ptr).address != NULL) {
        fatal_pointer(misuse->freed, ptr);
    }
    const bool may_be_block = map_lookup(ptr).size_class == 0 && heap_spans(ptr);
    fatal_pointer(may_be_block ? misuse->doubtful : misuse->foreign, ptr);
}

struct snug_block pointer_require_live(const void *ptr, const struct misuse *misuse)
{
    const struct snug_block found = pointer_identify(ptr);
    if (UNLIKELY(found.address == NULL || found.state != SNUG_IN_USE)) {
        pointer_misused(ptr, misuse);
    }
    return found;
}
