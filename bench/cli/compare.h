/* What comparing one program and comparing several have in common. */
#ifndef SNUGBENCH_CLI_COMPARE_H
#define SNUGBENCH_CLI_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/compare.h"
#include "cli/compare_options.h"
#include "cli/compare_replay.h"
#include "live/study.h"

enum {
    EXIT_INTERRUPTED = 130 /* as a shell reports SIGINT */
};

/* Whether options->live.command can be compared, and under which candidates. false: a
 * line has been printed; else candidates_free. */
bool compare_begin(struct study *study, const struct compare_options *options);

/* All rounds, and then, unless `recorded` is NULL, one that is recorded; what it costs
 * to replay that is kept back of the budget. false: a line has been printed. */
bool compare_measure(struct study *study, const struct compare_options *options,
                     struct recorded *recorded);

/* Answer, table and what stands below it. false: out of memory or `out` failed. */
bool compare_show(FILE *out, const struct study *study,
                  const struct compare_summary *summary, bool is_verbose);

/* The programs of options->programs_path, one after another. Returns the exit code. */
int compare_programs(const struct compare_options *options);

#endif
