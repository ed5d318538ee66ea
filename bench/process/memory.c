#include "process/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_exit(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "snugbench: out of memory; nothing was written\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

void *memory_allocate(size_t count, size_t size)
{
    return or_exit(calloc(count > 0 ? count : 1, size));
}

void *memory_grow(void *old, size_t count, size_t size)
{
    return or_exit(reallocarray(old, count, size));
}

char *memory_copy(const char *text)
{
    return or_exit(strdup(text));
}
