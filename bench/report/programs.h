/* Several programs under the same allocators: what they say together, one table, and
 * its files. The comparison of each is report/compare's. */
#ifndef SNUGBENCH_REPORT_PROGRAMS_H
#define SNUGBENCH_REPORT_PROGRAMS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/programs.h"
#include "report/report.h"

/* Who is fastest and smallest over all, on which programs each differs, then a line for
 * each allocator, and by which rule.
 * false: out of memory or `out` failed. */
bool programs_print(FILE *out, const struct programs_summary *summary);

/* programs.csv, a row for each program and allocator, programs_totals.csv, a row for
 * each allocator, answer.txt and environment.json. */
bool programs_write_directory(const struct programs_summary *summary,
                              const char *directory, struct report_error *error);

#endif
