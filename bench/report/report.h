/* What a run is turned into: a table on the terminal and files for charts and for
 * people.
 *
 * Every function here takes the raw run, has analysis make the figures and only formats
 * them. A figure that was not measured is an empty cell, never 0. Files are written
 * aside and renamed, so a full disk or a Ctrl-C leaves the old file or the new one,
 * whole. */
#ifndef SNUGBENCH_REPORT_REPORT_H
#define SNUGBENCH_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "runner/result.h"

/* The one line that is shown, without the "snugbench: " in front of it. */
struct report_error {
    char text[512];
};

/* What the user may choose; start from report_defaults. */
struct report_options {
    double warm_effect; /* a difference below this share is none: 0.02 is 2 % */
    double cold_effect;
};

extern const struct report_options report_defaults; /* 2 % and 20 % */

/* A table for each trace and one for the whole run. Colour if `out` is a terminal and
 * NO_COLOR is not set. false: out of memory or `out` cannot be written. */
bool report_table(FILE *out, const struct run *run,
                  const struct report_options *options);

/* Every CSV file of report/files.h and environment.json in `directory`, which is made
 * if it is missing. All are renamed into place after all are written; if that fails a
 * directory made for them is removed again. */
bool report_write_directory(const struct run *run, const struct report_options *options,
                            const char *directory, struct report_error *error);

/* Only summary.csv's rows, into `path`; "-" is standard output (--export-csv). */
bool report_export_summary(const struct run *run, const struct report_options *options,
                           const char *path, struct report_error *error);

#endif
