#include "trace/ids.h"

#include <stddef.h>
#include <sys/mman.h>

enum {
    FIRST_CAPACITY = 1 << 16
};

static bool grow(struct ids *ids, uint64_t id)
{
    uint64_t capacity = ids->capacity == 0 ? FIRST_CAPACITY : ids->capacity;
    while (capacity <= id) {
        capacity *= 2;
    }
    size_t bytes = (size_t)capacity * sizeof *ids->slot;
    void *table = ids->capacity == 0
                      ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                      : mremap(ids->slot, (size_t)ids->capacity * sizeof *ids->slot,
                               bytes, MREMAP_MAYMOVE);
    if (table == MAP_FAILED) {
        return false;
    }
    ids->slot = table;
    ids->capacity = capacity;
    return true;
}

uint32_t *ids_entry(struct ids *ids, uint64_t id)
{
    if (id >= ids->capacity && !grow(ids, id)) {
        return NULL;
    }
    uint32_t *entry = &ids->slot[id];
    if (id >= ids->top_plus_one) {
        ids->top_plus_one = id + 1;
    }
    return entry;
}

void ids_destroy(struct ids *ids)
{
    if (ids->capacity != 0) {
        munmap(ids->slot, (size_t)ids->capacity * sizeof *ids->slot);
    }
    *ids = (struct ids){0};
}
