/* The micro-benchmarks of bench/micro under every allocator: each case in a fresh
 * process, in rounds, a fresh random order of allocators for each case of a round. */
#ifndef SNUGBENCH_RUNNER_MICRO_H
#define SNUGBENCH_RUNNER_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "micro/record.h"
#include "runner/result.h"

/* One process, as it answered. */
struct micro_sample {
    uint32_t round;
    uint32_t measured; /* enum micro_measured */
    double ns_per_op;
    uint64_t worst_op_ns;
    uint64_t peak_resident_bytes;
    uint64_t after_resident_bytes;
    uint64_t minor_faults;
};

/* One case under one allocator. */
struct micro_row {
    enum result_status status;
    char status_text[320]; /* for people; empty when OK */
    struct micro_sample *samples;
    size_t count;
};

struct micro_run {
    const struct allocator *allocators; /* not owned */
    size_t allocator_count;
    size_t reference_index;
    struct micro_case *cases; /* those that run */
    uint32_t *case_indices;   /* in the table of snugbench-micro */
    size_t case_count;
    struct micro_row *rows; /* [case * allocator_count + allocator] */
    uint64_t base_bytes;    /* resident in an empty program under the floor */
    bool has_base;
    uint64_t seed;
    uint32_t rounds; /* asked for */
    double scale;
    bool interrupted;
};

/* Asks snugbench-micro what there is: all cases, or those whose benchmark stands in
 * `only`, comma-separated (NULL: all). signals_hold must be in force, here and in
 * micro_run_all. false: `error` says why. */
bool micro_run_create(struct micro_run *run, const char *only,
                      const struct allocator *allocators, size_t allocator_count,
                      char *error, size_t error_size);

/* `floor` is the library that memory growth is measured over; NULL: none, growth is
 * not known. A case that fails under an allocator is not tried again; others go on. */
void micro_run_all(struct micro_run *run, const char *floor);

const struct micro_row *micro_run_row(const struct micro_run *run, size_t case_index,
                                      size_t allocator_index);
void micro_run_destroy(struct micro_run *run);

#endif
