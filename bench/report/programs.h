/* Table and CSV of whole programs timed under each allocator. */
#ifndef SNUGBENCH_REPORT_PROGRAMS_H
#define SNUGBENCH_REPORT_PROGRAMS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/programs.h"
#include "report/report.h"

/* false: out of memory or `out` cannot be written. */
bool programs_table(FILE *out, const struct program_summary *summary);

/* programs.csv; "-" is standard output. */
bool programs_write_csv(const struct program_summary *summary, const char *path,
                        struct report_error *error);

#endif
