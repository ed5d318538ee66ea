/* What a run is turned into: a table on the terminal and files for charts and for
 * people.
 *
 * Every function here takes the raw run and its summary, which analysis made once, and
 * only formats. A figure that was not measured is an empty cell, never 0. Files are
 * written aside and renamed, so a full disk or a Ctrl-C leaves the old file or the new
 * one, whole. */
#ifndef SNUGBENCH_REPORT_REPORT_H
#define SNUGBENCH_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* The one line that is shown, without the "snugbench: " in front of it. */
struct report_error {
    char text[512];
};

/* A table for each trace and one for the whole run. Colour if `out` is a terminal and
 * NO_COLOR is not set. false: out of memory or `out` cannot be written. */
bool report_table(FILE *out, const struct run *run, const struct summary *summary);

/* Every CSV file of report/files.h and environment.json in `directory`, which is made
 * if it is missing. All are renamed into place after all are written; if that fails a
 * directory made for them is removed again. */
bool report_write_directory(const struct run *run, const struct summary *summary,
                            const char *directory, struct report_error *error);

/* Only summary.csv's rows, into `path`; "-" is standard output (--export-csv). */
bool report_export_summary(const struct run *run, const struct summary *summary,
                           const char *path, struct report_error *error);

#endif
