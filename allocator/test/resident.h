/* What of a range of addresses is in memory. */
#ifndef SNUG_TEST_RESIDENT_H
#define SNUG_TEST_RESIDENT_H

#include <sys/mman.h>

#include "child.h"

static const size_t page_bytes = 4096;

/* Pages of a range that are in memory. */
static inline size_t resident_bytes(const char *from, const char *to)
{
    const uintptr_t start = (uintptr_t)from / page_bytes * page_bytes;
    const size_t pages = ((uintptr_t)to - start) / page_bytes;
    unsigned char *const map = malloc(pages);
    CHECK(map != NULL);
    CHECK(mincore((void *)start, pages * page_bytes, map) == 0);
    size_t resident = 0;
    for (size_t i = 0; i < pages; i++) {
        resident += map[i] & 1;
    }
    free(map);
    return resident * page_bytes;
}

#endif
