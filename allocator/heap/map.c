#include "heap/map.h"

#include <string.h>

#include "base/os.h"

/* Until there is a heap: one entry, for addresses that no block can have. */
static struct map_entry no_run;
READ_MOSTLY struct granule_map granule_map = {.lowest = -1, .end = &no_run + 1};

/* The first map covers so many times the first region's range, each larger one so many
 * times what the last one did. Entries that are not used cost nothing. */
#define MAP_TIMES 16

char *map_place(char *memory, size_t bytes)
{
    const size_t map_bytes =
        bytes / GRANULE_BYTES * MAP_TIMES * sizeof(struct map_entry);
    /* One granule of a page for the map's first entries, three for the first blocks. */
    const uintptr_t first =
        align_up((uintptr_t)memory + map_bytes, PAGE_BYTES) + GRANULE_BYTES;
    granule_map.before_first = first - 1;
    granule_map.end = (struct map_entry *)first;
    granule_map.lowest =
        -(ptrdiff_t)((first - (uintptr_t)memory) / sizeof(struct map_entry));
    return (char *)first;
}

void map_cover(const char *end)
{
    /* Of an end before granule 0 the difference is larger than any range. */
    const uintptr_t range = (uintptr_t)end - granule_map.before_first - 1;
    const size_t old = (size_t)-granule_map.lowest;
    size_t granules = old;
    while (range > granules * GRANULE_BYTES && range <= REQUEST_LIMIT_BYTES / 64) {
        granules *= MAP_TIMES;
    }
    struct map_entry *const entries =
        granules != old ? os_map(granules * sizeof *entries) : NULL;
    if (entries == NULL) {
        return;
    }
    struct map_entry *const entries_end = entries + granules;
    memcpy(entries_end - old, granule_map.end - old, old * sizeof *entries);
    /* A reader that sees the new count sees the new map, too. */
    __atomic_store_n(&granule_map.end, entries_end, __ATOMIC_RELEASE);
    __atomic_store_n(&granule_map.lowest, -(ptrdiff_t)granules, __ATOMIC_RELEASE);
}
