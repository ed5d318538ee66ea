/* A map from the address of a block to its slot: open addressing, 16 bytes an entry.
 *
 * Invariants: an address is in it once; no hole lies between an entry and the place its
 * hash names; at most three quarters of the places are taken. */
#ifndef SNUGBENCH_TRACE_ADDRESSES_H
#define SNUGBENCH_TRACE_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

struct address_entry {
    uint64_t address; /* 0: a hole */
    uint32_t slot;
    uint32_t waiting; /* allocations that are held back until this block is freed */
};

struct addresses {
    struct address_entry *entries;
    uint64_t capacity; /* a power of two, or 0 */
    uint64_t count;
};

/* NULL: not there. Valid until the next call that adds or removes. */
struct address_entry *addresses_find(const struct addresses *addresses,
                                     uint64_t address);

/* `address` is not 0 and not there yet. false: out of memory (errno). */
bool addresses_add(struct addresses *addresses, uint64_t address, uint32_t slot);
void addresses_remove(struct addresses *addresses, struct address_entry *entry);
void addresses_destroy(struct addresses *addresses);

#endif
