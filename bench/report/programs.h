/* Several programs under the same allocators: what they say together, one table, and
 * its files. The comparison of each is report/compare's. */
#ifndef SNUGBENCH_REPORT_PROGRAMS_H
#define SNUGBENCH_REPORT_PROGRAMS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/programs.h"
#include "report/report.h"

/* A line for each allocator, then on which programs it differs, and by which rule.
 * false: out of memory or `out` failed. */
bool programs_print(FILE *out, const struct programs_summary *summary);

/* programs.csv, a row for each program and allocator, and programs_totals.csv, a row
 * for each allocator. */
bool programs_write_directory(const struct programs_summary *summary,
                              const char *directory, struct report_error *error);

#endif
