#include "api/pointer.h"

#include "heap/large.h"
#include "heap/zero.h"
#include "small/run.h"

/* A free object links to an offset if its run has it, to an address if a cache does,
 * where the room that is left stands in the high bits even of the last. */
static enum snug_state object_state(const void *object)
{
    if (!object_is_free(object)) {
        return SNUG_IN_USE;
    }
    return object_link(object) < RUN_LIMIT_GRANULES * GRANULE_BYTES ? SNUG_FREE
                                                                    : SNUG_KEPT;
}

static struct snug_block identify_object(struct map_entry entry, const void *ptr)
{
    if (!run_is_object(entry, ptr)) {
        return (struct snug_block){.address = NULL};
    }
    return (struct snug_block){
        .address = ptr,
        .bytes = class_bytes(entry.size_class),
        .run = run_of(entry, ptr),
        .kind = SNUG_OBJECT,
        .state = object_state(ptr),
    };
}

static ALWAYS_INLINE struct snug_block identify_block(const void *ptr)
{
    const struct block *const block = block_from_payload(ptr);
    struct snug_block found = {.address = ptr, .kind = SNUG_BLOCK, .state = SNUG_FREE};
    if (block_is_in_use(block)) {
        found.state = object_is_free(ptr) ? SNUG_KEPT : SNUG_IN_USE;
        found.bytes = block_payload_bytes(block);
    } else if (bins_begins_at(&heap_bins, block_record(block), block)) {
        found.bytes = heap_block_bytes(block) - BLOCK_HEADER_BYTES;
    }
    return found;
}

static ALWAYS_INLINE struct snug_block identify(const void *ptr)
{
    const struct map_entry entry = map_lookup(ptr);
    if (UNLIKELY(entry.size_class != 0)) {
        return identify_object(entry, ptr);
    }
    if (LIKELY(heap_owns(ptr))) {
        return identify_block(ptr);
    }
    struct snug_block found = {.address = ptr};
    if (zero_spans(ptr)) {
        found.kind = SNUG_ZERO_SIZE;
        found.state = zero_is_live(ptr) ? SNUG_IN_USE : SNUG_FREE;
        return found;
    }
    found.kind = SNUG_LARGE;
    found.bytes = large_bytes(ptr);
    return found.bytes != 0 ? found : (struct snug_block){.address = NULL};
}

struct snug_block pointer_identify(const void *ptr)
{
    return identify(ptr);
}

static _Noreturn COLD_CODE void end(struct snug_block found, const void *ptr,
                                    const struct misuse *misuse)
{
    fatal_pointer(found.address != NULL ? misuse->freed : misuse->foreign, ptr);
}

struct snug_block pointer_require_live(const void *ptr, const struct misuse *misuse)
{
    const struct snug_block found = identify(ptr);
    if (UNLIKELY(found.address == NULL || found.state != SNUG_IN_USE)) {
        end(found, ptr, misuse);
    }
    return found;
}

void pointer_misused(const void *ptr, const struct misuse *misuse)
{
    end(pointer_identify(ptr), ptr, misuse);
}
