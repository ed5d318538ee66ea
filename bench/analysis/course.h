/* What a malloc lab's driver would say of a run: utilization and throughput of each
 * trace, and the performance index made of them. METHOD.md has the formula. */
#ifndef SNUGBENCH_ANALYSIS_COURSE_H
#define SNUGBENCH_ANALYSIS_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* One allocator on one trace. */
struct course_line {
    struct figure utilization; /* peak live / extent of the heap */
    struct figure resident_utilization;
    uint64_t op_count;
    struct figure seconds; /* of one warm pass */
};

/* One allocator over those traces that were not skipped: utilization is the mean over
 * the traces whose weight says that it counts, operations and seconds are sums over
 * those where throughput counts. Absent where one of these traces lacks the figure. */
struct course_score {
    size_t trace_count, valid_count;
    struct figure utilization, resident_utilization;
    uint64_t op_count;
    struct figure seconds;
};

/* 100 * (utilization_part + throughput_part) is the index. */
struct course_index {
    double utilization_part, throughput_part;
    bool present; /* false: figures are missing */
};

/* The share of the utilization in the index. */
extern const double course_utilization_share;

struct course_line course_line(const struct run *run, const struct summary *summary,
                               size_t trace_index, size_t allocator_index);
struct course_score course_score(const struct run *run, const struct summary *summary,
                                 size_t allocator_index);

/* Nothing at all if one trace was not valid. `libc` is over the same traces. */
struct course_index course_index(const struct course_score *score,
                                 const struct course_score *libc);

/* Thousands of operations a second. */
struct figure course_kops(uint64_t op_count, struct figure seconds);

#endif
