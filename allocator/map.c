#include "map.h"

#include <string.h>

#include "os.h"

struct granule_map granule_map;

/* Of a region's bytes, the part set aside for the map: sixteen times its own range. */
#define MAP_SHARE 32
/* Each larger map covers this many times what the last one did. */
#define MAP_GROWTH 8

char *map_place(char *memory, size_t bytes)
{
    const uintptr_t first =
        align_up((uintptr_t)memory + bytes / MAP_SHARE, GRANULE_BYTES);
    granule_map.base = first;
    granule_map.last_entry = (uint16_t *)first - 1;
    granule_map.granules = (first - (uintptr_t)memory) / sizeof(uint16_t);
    return (char *)first;
}

void map_cover(const char *end)
{
    const uintptr_t range = (uintptr_t)end - granule_map.base;
    size_t granules = granule_map.granules;
    if ((uintptr_t)end < granule_map.base || range <= granules * GRANULE_BYTES ||
        range > REQUEST_LIMIT_BYTES / 64) {
        return;
    }
    while (range > granules * GRANULE_BYTES) {
        granules *= MAP_GROWTH;
    }
    const size_t bytes = granules * sizeof(uint16_t);
    char *const memory = os_map(bytes);
    if (memory == NULL) {
        return;
    }
    uint16_t *const last = (uint16_t *)(uintptr_t)(memory + bytes) - 1;
    const size_t old = granule_map.granules;
    memcpy(last + 1 - old, granule_map.last_entry + 1 - old, old * sizeof(uint16_t));
    /* A reader that sees the new count sees the new map, too. */
    __atomic_store_n(&granule_map.last_entry, last, __ATOMIC_RELEASE);
    __atomic_store_n(&granule_map.granules, granules, __ATOMIC_RELEASE);
}
