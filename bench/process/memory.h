/* Memory of snugbench itself, which is a short-lived program with small tables: when
 * memory for one of them is not to be had it says so in one line and ends, so that no
 * caller needs a way back. Nothing of a run is written before its end, so nothing is
 * left half-written. */
#ifndef SNUGBENCH_PROCESS_MEMORY_H
#define SNUGBENCH_PROCESS_MEMORY_H

#include <stddef.h>

/* Zeroed. Free with free, as the others. */
void *memory_allocate(size_t count, size_t size);

void *memory_grow(void *old, size_t count, size_t size);

char *memory_copy(const char *text);

#endif
