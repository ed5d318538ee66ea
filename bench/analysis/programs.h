/* Whole programs timed under each allocator: what was measured, and its figures. */
#ifndef SNUGBENCH_ANALYSIS_PROGRAMS_H
#define SNUGBENCH_ANALYSIS_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/statistics.h"
#include "analysis/summary.h"

/* One program under one allocator, over all rounds. */
struct program_times {
    char *program;
    char *allocator;
    struct round_value *medians_s; /* one per round, ascending */
    size_t count;
    double mean_sum_s, variance_sum_s2, minimum_s;
    double user_sum_s, system_sum_s; /* 0: not in the files */
    struct figure peak_resident_bytes;
};

struct program_list {
    struct program_times *items; /* in order of first appearance */
    size_t count;
};

/* NULL: not in the list. */
const struct program_times *program_find(const struct program_list *list,
                                         const char *program, const char *allocator);

void program_list_free(struct program_list *list);

struct program_figures {
    struct estimate median_s;
    struct comparison speed;
    struct figure mean_s, stddev_s, minimum_s, peak_ratio;
};

/* Figures of every program under every allocator. */
struct program_summary {
    const struct program_list *list; /* borrowed, as is the name */
    const char *reference;
    struct program_figures *figures; /* as list->items */
};

/* Ratios are against `reference`, paired by round; a difference below `effect` is none.
 * false: out of memory. */
bool program_summary_create(struct program_summary *summary,
                            const struct program_list *list, const char *reference,
                            double effect);
void program_summary_destroy(struct program_summary *summary);

#endif
