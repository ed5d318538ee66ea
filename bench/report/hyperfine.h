/* Whole programs timed by hyperfine: its CSV exports, collected.
 *
 * Each file is one round, its commands are named PROGRAM:ALLOCATOR. Of hyperfine's
 * columns command, mean, stddev, median and min are read (seconds), user and system if
 * they are there; a file with the columns command and peak_resident_bytes adds the
 * memory. */
#ifndef SNUGBENCH_REPORT_HYPERFINE_H
#define SNUGBENCH_REPORT_HYPERFINE_H

#include <stdbool.h>

#include "analysis/programs.h"
#include "report/report.h"

/* Adds one file as round `round`; all zero is an empty list. false: `error` says file,
 * line and what was expected. */
bool hyperfine_read(struct program_list *list, const char *path, unsigned round,
                    struct report_error *error);

#endif
