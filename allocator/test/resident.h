/* What of a range of addresses, and of the whole process, is in memory. */
#ifndef SNUG_TEST_RESIDENT_H
#define SNUG_TEST_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* Written to by this process alone; the test is skipped where nobody tells. */
static inline size_t private_bytes(void)
{
    FILE *const file = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    size_t kib = 0;
    if (file == NULL) {
        _exit(CHILD_SKIPPED);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Private_Dirty:", 14) == 0) {
            kib = strtoul(line + 14, NULL, 10);
        }
    }
    fclose(file);
    return kib * 1024;
}

#endif
