/* The live blocks of a log by address: their slots and sizes.
 *
 * Blocks are kept by the 4 KiB of address space in which they begin, as programs use
 * blocks that lie close together at about the same time: a hash table of pages (open
 * addressing, linear probing), each with an array of its blocks in no order. 7 bytes a
 * block, 11 in a page that has had one of 64 KiB or more; the arrays grow by a quarter.
 * A page without blocks goes when the table is made anew.
 *
 * Any number is an address. Those that are no multiples of 16, or numbers of blocks in
 * their place, fill pages of their own. */
#ifndef SNUGBENCH_TRACE_ADDRESSES_H
#define SNUGBENCH_TRACE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_block {
    uint64_t address;
    uint64_t size_bytes; /* below 2^48 */
    uint32_t slot;       /* 0: no block */
};

struct addresses {
    struct page *pages;
    uint64_t page_count;
    uint64_t count; /* of blocks */
    unsigned bits;  /* the table has 2^bits entries; 0: there is none */
};

void addresses_destroy(struct addresses *addresses);

enum addresses_answer {
    ADDRESSES_ADDED,
    ADDRESSES_TAKEN,     /* a block lies there: nothing is changed */
    ADDRESSES_NO_MEMORY, /* errno */
};

enum addresses_answer addresses_add(struct addresses *addresses,
                                    struct live_block block);

/* The block at an address; slot 0: there is none. It stays, or is taken out. */
struct live_block addresses_find(const struct addresses *addresses, uint64_t address);
struct live_block addresses_take(struct addresses *addresses, uint64_t address);

/* A request for the address comes soon; and very soon. */
void addresses_prefetch_page(const struct addresses *addresses, uint64_t address);
void addresses_prefetch(const struct addresses *addresses, uint64_t address);

/* All of them in the order of their slots, to be freed. NULL: out of memory (errno). */
struct live_block *addresses_list(const struct addresses *addresses);

#endif
