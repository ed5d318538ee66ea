/* Whole programs timed by hyperfine: its CSV exports, collected.
 *
 * Each file is one round, its commands are named PROGRAM:ALLOCATOR. Of hyperfine's
 * columns command, mean, stddev, median and min are read (seconds), user and system if
 * they are there; a file with the columns command and peak_resident_bytes adds the
 * memory. */
#ifndef SNUGBENCH_REPORT_HYPERFINE_H
#define SNUGBENCH_REPORT_HYPERFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/statistics.h"
#include "analysis/summary.h"
#include "report/report.h"

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

/* Adds one file as round `round`; all zero is an empty list. false: `error` says file,
 * line and what was expected. */
bool hyperfine_read(struct program_list *list, const char *path, unsigned round,
                    struct report_error *error);

/* NULL: not in the list. */
const struct program_times *program_find(const struct program_list *list,
                                         const char *program, const char *allocator);

void program_list_free(struct program_list *list);

#endif
