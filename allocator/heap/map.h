/* The map: one entry of two bytes for each granule of the heap's address range.
 *
 * It grows downwards from the heap's first granule, so that a small heap's entries
 * share the page with its first blocks, and covers sixteen times the first region;
 * untouched pages cost nothing. When the heap outgrows it, a larger copy takes its
 * place; the old one stays readable for threads that have just loaded its address.
 *
 * Entries are written under the heap lock. They may be read without it for an address
 * inside an object that the reader holds: the entry was written before the object was
 * handed out. */
#ifndef SNUG_MAP_H
#define SNUG_MAP_H

#include "base/size.h"

struct map_entry {
    uint8_t size_class;  /* 0: no run here */
    uint8_t back : 4;    /* granules from the run's start to here */
    uint8_t forward : 4; /* from here to its last one */
};

/* Granule g has index -1 - g, so that entries grow downwards from their end. */
struct granule_map {
    uintptr_t before_first; /* the byte before granule 0; never changes */
    ptrdiff_t lowest;       /* index of the last granule covered; no heap yet: -1, and a
                               map of one empty entry */
    struct map_entry *end;
};

extern OUR_OWN struct granule_map granule_map;

static ALWAYS_INLINE ptrdiff_t map_index(const void *address)
{
    /* An arithmetic shift rounds down, where a division would round towards zero. */
    return (ptrdiff_t)(granule_map.before_first - (uintptr_t)address) >> GRANULE_SHIFT;
}

static ALWAYS_INLINE bool map_is_index(ptrdiff_t index)
{
    /* One comparison: as unsigned numbers only -1 down to lowest are this large. */
    return (size_t)index >= (size_t)granule_map.lowest;
}

/* Takes any address; the class is 0 if there is no run. */
static ALWAYS_INLINE struct map_entry map_lookup(const void *address)
{
    const ptrdiff_t index = map_index(address);
    return LIKELY(map_is_index(index)) ? granule_map.end[index]
                                       : (struct map_entry){.size_class = 0};
}

static ALWAYS_INLINE bool map_covers(const void *address)
{
    return map_is_index(map_index(address));
}

/* The entry of an address that is covered. */
static ALWAYS_INLINE struct map_entry *map_entry(const void *address)
{
    return &granule_map.end[map_index(address)];
}

/* Lay the first map at the start of the first region (zeroed, not yet used). Returns
 * where the heap may begin, a granule. */
char *map_place(char *memory, size_t bytes);
/* The heap now reaches to `end`: cover it if memory allows. What stays uncovered holds
 * ordinary blocks, but no runs. */
void map_cover(const char *end);

#endif
