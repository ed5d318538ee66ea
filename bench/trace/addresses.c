#include "trace/addresses.h"

#include <stdlib.h>

enum {
    FIRST_CAPACITY = 1 << 12
};

/* Fibonacci hashing, Knuth 6.4. */
static uint64_t place_of(const struct addresses *addresses, uint64_t address)
{
    uint64_t hash = address * 0x9e3779b97f4a7c15u;
    return (hash >> 20) & (addresses->capacity - 1);
}

static struct address_entry *probe(const struct addresses *addresses, uint64_t address)
{
    uint64_t place = place_of(addresses, address);
    while (addresses->entries[place].address != 0 &&
           addresses->entries[place].address != address) {
        place = (place + 1) & (addresses->capacity - 1);
    }
    return &addresses->entries[place];
}

struct address_entry *addresses_find(const struct addresses *addresses,
                                     uint64_t address)
{
    if (addresses->capacity == 0 || address == 0) {
        return NULL;
    }
    struct address_entry *entry = probe(addresses, address);
    return entry->address != 0 ? entry : NULL;
}

static bool grow(struct addresses *addresses)
{
    struct addresses larger = {
        .capacity = addresses->capacity == 0 ? FIRST_CAPACITY : addresses->capacity * 2,
        .count = addresses->count,
    };
    larger.entries = calloc((size_t)larger.capacity, sizeof *larger.entries);
    if (larger.entries == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < addresses->capacity; i++) {
        const struct address_entry *entry = &addresses->entries[i];
        if (entry->address != 0) {
            *probe(&larger, entry->address) = *entry;
        }
    }
    free(addresses->entries);
    *addresses = larger;
    return true;
}

bool addresses_add(struct addresses *addresses, uint64_t address, uint32_t slot)
{
    if (addresses->count >= addresses->capacity / 4 * 3 && !grow(addresses)) {
        return false;
    }
    *probe(addresses, address) =
        (struct address_entry){.address = address, .slot = slot};
    addresses->count++;
    return true;
}

/* Entries behind the hole move up as far as their hash allows (Knuth 6.4, R). */
void addresses_remove(struct addresses *addresses, struct address_entry *entry)
{
    uint64_t mask = addresses->capacity - 1;
    uint64_t hole = (uint64_t)(entry - addresses->entries);
    for (uint64_t place = (hole + 1) & mask; addresses->entries[place].address != 0;
         place = (place + 1) & mask) {
        uint64_t wanted = place_of(addresses, addresses->entries[place].address);
        if (((place - wanted) & mask) >= ((place - hole) & mask)) {
            addresses->entries[hole] = addresses->entries[place];
            hole = place;
        }
    }
    addresses->entries[hole] = (struct address_entry){0};
    addresses->count--;
}

void addresses_destroy(struct addresses *addresses)
{
    free(addresses->entries);
    *addresses = (struct addresses){0};
}
