/* The map: one 16-bit entry for each granule of the heap's address range.
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

#include "size.h"

struct granule_map {
    uintptr_t base;       /* address of granule 0 */
    size_t granules;      /* covered; 0: no heap yet */
    uint16_t *last_entry; /* entry of granule g is last_entry[-g] */
};

extern struct granule_map granule_map;

/* The entry of an address; 0 outside the range. */
static ALWAYS_INLINE unsigned map_entry(const void *address)
{
    const size_t granule = ((uintptr_t)address - granule_map.base) / GRANULE_BYTES;
    return LIKELY(granule < granule_map.granules)
               ? granule_map.last_entry[-(ptrdiff_t)granule]
               : 0;
}

static ALWAYS_INLINE bool map_covers(const void *address)
{
    return ((uintptr_t)address - granule_map.base) / GRANULE_BYTES <
           granule_map.granules;
}

static ALWAYS_INLINE void map_set(const void *address, unsigned entry)
{
    const size_t granule = ((uintptr_t)address - granule_map.base) / GRANULE_BYTES;
    granule_map.last_entry[-(ptrdiff_t)granule] = (uint16_t)entry;
}

/* Lay the first map at the start of the first region (zeroed, not yet used). Returns
 * where the heap may begin, a granule. */
char *map_place(char *memory, size_t bytes);
/* The heap now reaches to `end`: cover it if memory allows. What stays uncovered holds
 * ordinary blocks, but no runs. */
void map_cover(const char *end);

#endif
