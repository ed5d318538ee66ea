/* What this machine can bear: memory and processors. */
#ifndef SNUGBENCH_RUNNER_CAPACITY_H
#define SNUGBENCH_RUNNER_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

/* Memory that can still be used without swapping, the cgroup's limit respected.
 * UINT64_MAX: unknown. */
uint64_t capacity_memory_bytes(void);

/* Processors that this process may run on. */
size_t capacity_processors(void);

#endif
