#include "runner/run.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "process/memory.h"

static void find_roles(struct run *run)
{
    run->floor_index = SIZE_MAX;
    run->reference_index = SIZE_MAX;
    for (size_t i = run->allocator_count; i > 0; i--) {
        const struct allocator *allocator = &run->allocators[i - 1];
        if (allocator->is_floor) {
            run->floor_index = i - 1;
        } else {
            run->reference_index = i - 1;
        }
    }
    size_t glibc = run_find_allocator(run, "glibc");
    if (glibc < run->allocator_count) {
        run->reference_index = glibc;
    } else if (run->reference_index == SIZE_MAX) {
        run->reference_index = 0;
    }
}

struct run *run_create(struct allocator_list *allocators, size_t trace_count)
{
    struct run *run = memory_allocate(1, sizeof *run);
    run->allocators = allocators->items;
    run->allocator_count = allocators->count;
    *allocators = (struct allocator_list){0};
    run->trace_count = trace_count;
    run->traces = memory_allocate(trace_count, sizeof *run->traces);
    run->results =
        memory_allocate(trace_count * run->allocator_count, sizeof *run->results);
    for (size_t i = 0; i < trace_count * run->allocator_count; i++) {
        run->results[i].trace_index = i / run->allocator_count;
        run->results[i].allocator_index = i % run->allocator_count;
    }
    find_roles(run);
    return run;
}

static void free_latency(struct latency_profile *latency)
{
    free(latency->nothing);
    for (size_t kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
        for (size_t class = 0; class < LATENCY_CLASS_COUNT; class ++) {
            free(latency->operations[kind][class]);
        }
    }
}

void run_destroy(struct run *run)
{
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        struct result *result = &run->results[i];
        free(result->cold.items);
        free(result->warm.items);
        free(result->counters.items);
        free(result->flat.items);
        free_latency(&result->latency);
        free(result->memory.samples);
        free(result->syscalls.items);
    }
    for (size_t i = 0; i < run->trace_count; i++) {
        free(run->traces[i].name);
        free(run->traces[i].path);
    }
    struct allocator_list allocators = {run->allocators, run->allocator_count};
    allocators_free(&allocators);
    free(run->results);
    free(run->traces);
    free(run);
}

struct result *run_result(struct run *run, size_t trace_index, size_t allocator_index)
{
    return &run->results[trace_index * run->allocator_count + allocator_index];
}

size_t run_find_allocator(const struct run *run, const char *name)
{
    size_t index = 0;
    while (index < run->allocator_count &&
           strcmp(run->allocators[index].name, name) != 0) {
        index++;
    }
    return index;
}
