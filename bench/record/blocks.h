/* The live blocks of a recorded process by address: their slots and sizes.
 *
 * Open addressing with linear probing, at most three quarters full; removal moves the
 * blocks behind it up, so there are no tombstones. 16 bytes an entry. */
#ifndef SNUGBENCH_RECORD_BLOCKS_H
#define SNUGBENCH_RECORD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Slot 0: no block. */
struct block {
    uint64_t address : 48;
    uint64_t slot_high : 16;
    uint64_t size_bytes : 48;
    uint64_t slot_low : 16;
};

static inline uint32_t block_slot(struct block block)
{
    return (uint32_t)block.slot_high << 16 | (uint32_t)block.slot_low;
}

static inline struct block block_make(uint64_t address, uint64_t size_bytes,
                                      uint32_t slot)
{
    const uint64_t mask = ((uint64_t)1 << 48) - 1;
    return (struct block){
        .address = address & mask,
        .slot_high = (uint16_t)(slot >> 16),
        .size_bytes = size_bytes & mask,
        .slot_low = (uint16_t)slot,
    };
}

struct blocks {
    struct block *table;
    uint64_t count;
    unsigned bits; /* the table has 2^bits entries; 0: there is none */
};

void blocks_destroy(struct blocks *blocks);

/* The address is not in there. false: out of memory (errno). */
bool blocks_add(struct blocks *blocks, struct block block);

/* The block at an address, no longer in there. Slot 0: it is not. */
struct block blocks_remove(struct blocks *blocks, uint64_t address);

/* A request for the address is about to come. */
void blocks_prefetch(const struct blocks *blocks, uint64_t address);

/* All of them in the order of their slots, to be freed. NULL: out of memory (errno). */
struct block *blocks_list(const struct blocks *blocks);

#endif
