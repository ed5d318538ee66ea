/* The files of a run in its results folder, which are all of one run: what an earlier
 * run left there goes when the new one's stand. */
#ifndef SNUGBENCH_REPORT_RESULTS_H
#define SNUGBENCH_REPORT_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/output.h"

/* As output_write_all; then what compare, replay or micro had written into `directory`
 * before, and what was drawn of it, is removed. Only files of the names that they give
 * are, and only where the table of such a run is among them. */
bool results_write(const char *directory, const struct output_file *files, size_t count,
                   struct report_error *error);

/* The same for what an earlier comparison of a program kept of its replay, in
 * `directory`/replay: before the new one is written there. */
void results_forget_replay(const char *directory);

/* The same for the folders of programs that an earlier comparison of several had, and
 * that are not among `names`: before the new table is written into `directory`. Each is
 * named on stderr. */
void results_forget_programs(const char *directory, const char *const *names,
                             size_t count);

#endif
