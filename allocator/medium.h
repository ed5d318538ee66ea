/* Medium blocks: each thread keeps a few blocks of the sizes that come back.
 *
 * Programs take and free buffers of one size over and over. Splitting and coalescing
 * such a block each time is work for nothing, and keeping freed blocks of all sizes
 * would cost memory and, for sizes that do not come back, time: so a size must prove
 * itself. A slot remembers the block size freed last among those that share it; a
 * request for just that size, finding nothing, makes the slot warm; and only a warm
 * slot keeps what is freed. Other sizes freed into it cool it down, until one of them
 * takes it over.
 *
 * A kept block is in use as far as the heap knows: its tag is not touched, it is
 * linked and sealed as object.h says. All are given back before the heap grows
 * (cache_reclaim). Thread-local, no lock. */
#ifndef SNUG_MEDIUM_H
#define SNUG_MEDIUM_H

#include "heap.h"
#include "lock.h"
#include "object.h"

#define MEDIUM_SLOT_BITS 6
/* A slot is warm from the first on, and gets no warmer than the second. */
#define MEDIUM_WARM 4
#define MEDIUM_HOT 8

struct medium_slot {
    struct block *kept; /* linked by the first word of their payloads */
    uint32_t size;      /* in units of 16 bytes; 0: none yet */
    uint16_t count;     /* kept */
    uint16_t warmth;
};

struct medium_cache {
    struct medium_slot slots[1 << MEDIUM_SLOT_BITS];
    size_t kept_bytes;
};

extern __thread struct medium_cache medium_cache;

static ALWAYS_INLINE struct medium_slot *medium_slot(size_t block_bytes)
{
    const uint32_t size = (uint32_t)(block_bytes / ALIGNMENT_BYTES);
    return &medium_cache.slots[size * 0x9e3779b1U >> (32 - MEDIUM_SLOT_BITS)];
}

/* A kept block of exactly this size, in use; NULL if there is none. */
static ALWAYS_INLINE struct block *medium_take(size_t block_bytes)
{
    struct medium_slot *const slot = medium_slot(block_bytes);
    if (slot->size != block_bytes / ALIGNMENT_BYTES) {
        return NULL;
    }
    if (slot->warmth < MEDIUM_HOT) {
        slot->warmth++;
    }
    struct block *const block = slot->kept;
    if (block == NULL) {
        return NULL;
    }
    object_require_free(block_payload(block));
    slot->kept = (struct block *)object_link(block_payload(block));
    object_set_live(block_payload(block));
    slot->count--;
    medium_cache.kept_bytes -= block_bytes;
    return block;
}

/* Keep a block in use that the program has freed; false: the heap must take it. */
bool medium_keep(struct block *block, size_t block_bytes);
/* Give all kept blocks back to the heap, under its lock; true if there were any. */
bool medium_return_all(void);

#endif
