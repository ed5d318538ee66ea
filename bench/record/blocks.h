/* The live blocks of a recorded process by address: their slots and sizes.
 *
 * Blocks are kept by the 4 KiB of address space in which they begin, as programs use
 * blocks that lie close together at about the same time: a hash table of pages (open
 * addressing, linear probing), each with an array of its blocks in no order. 11 bytes a
 * block, and the arrays double; a page without blocks goes when the table is made
 * anew. */
#ifndef SNUGBENCH_RECORD_BLOCKS_H
#define SNUGBENCH_RECORD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    uint64_t address; /* a multiple of 16 */
    uint64_t size_bytes;
    uint32_t slot; /* 0: no block */
};

struct blocks {
    struct page *pages;
    uint64_t page_count;
    uint64_t count;
    unsigned bits; /* the table has 2^bits entries; 0: there is none */
};

void blocks_destroy(struct blocks *blocks);

/* The address is not in there. false: out of memory (errno). */
bool blocks_add(struct blocks *blocks, struct block block);

/* The block at an address, no longer in there. Slot 0: it is not. */
struct block blocks_remove(struct blocks *blocks, uint64_t address);

/* A request for the address comes soon; and very soon. */
void blocks_prefetch_page(const struct blocks *blocks, uint64_t address);
void blocks_prefetch(const struct blocks *blocks, uint64_t address);

/* All of them in the order of their slots, to be freed. NULL: out of memory (errno). */
struct block *blocks_list(const struct blocks *blocks);

#endif
