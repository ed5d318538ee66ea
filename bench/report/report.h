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

#include "analysis/answer.h"
#include "analysis/summary.h"
#include "runner/result.h"

/* The one line that is shown, without the "snugbench: " in front of it. */
struct report_error {
    char text[512];
};

/* A table for each trace and one for the whole run. Colour if `out` is a terminal and
 * NO_COLOR is not set. false: out of memory or `out` cannot be written. */
bool report_table(FILE *out, const struct run *run, const struct summary *summary);

/* Its parts: those of single traces, and the one over all. */
bool report_trace_tables(FILE *out, const struct run *run,
                         const struct summary *summary);
bool report_totals(FILE *out, const struct run *run, const struct summary *summary);

/* Every CSV file of report/files.h, environment.json, answer.txt and compare.json (see
 * report/replays.h) in `directory`, which is made
 * if it is missing. All are renamed into place after all are written; if that fails a
 * directory made for them is removed again. */
bool report_write_directory(const struct run *run, const struct summary *summary,
                            const struct answer *answer, const char *directory,
                            struct report_error *error);

enum report_format {
    REPORT_SUMMARY_CSV,
    REPORT_TOTALS_CSV,
    REPORT_JSON,
    REPORT_MARKDOWN, /* the totals */
};

/* One of them into `path`; "-" is standard output. */
bool report_export(const struct run *run, const struct summary *summary,
                   const struct answer *answer, enum report_format format,
                   const char *path, struct report_error *error);

#endif
