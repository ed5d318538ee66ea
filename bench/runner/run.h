/* The parent's record of a whole run: making it, taking it apart. */
#ifndef SNUGBENCH_RUNNER_RUN_H
#define SNUGBENCH_RUNNER_RUN_H

#include <stddef.h>

#include "runner/allocators.h"
#include "runner/result.h"

/* Takes over the allocators (the list is empty afterwards); room for `trace_count`
 * facts and all results, every one RESULT_OK and without figures. Reference: glibc,
 * else the first that is not the floor. */
struct run *run_create(struct allocator_list *allocators, size_t trace_count);
void run_destroy(struct run *run);

struct result *run_result(struct run *run, size_t trace_index, size_t allocator_index);

/* The index of the allocator of that name; allocator_count if there is none. */
size_t run_find_allocator(const struct run *run, const char *name);

#endif
