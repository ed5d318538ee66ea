/* The micro-benchmarks' figures as files and as a table. */
#ifndef SNUGBENCH_REPORT_MICRO_H
#define SNUGBENCH_REPORT_MICRO_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/micro.h"
#include "report/report.h"
#include "runner/micro.h"

/* micro.csv, one row for each case and allocator, and environment.json in `directory`,
 * which is made if it is missing. false: `error` filled. */
bool micro_write_files(const struct micro_run *run, const struct micro_figures *figures,
                       const char *directory, struct report_error *error);

/* false: out of memory or `out` cannot be written. */
bool micro_table(FILE *out, const struct micro_run *run,
                 const struct micro_figures *figures);

#endif
