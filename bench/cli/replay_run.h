/* A run of replays from its options to its exit code: allocators found, traces read and
 * checked, everything measured and summed up. How it is shown and what is written is
 * the caller's: `replay` and `compare TRACE...` differ in nothing else. */
#ifndef SNUGBENCH_CLI_REPLAY_RUN_H
#define SNUGBENCH_CLI_REPLAY_RUN_H

#include <stdbool.h>

#include "analysis/answer.h"
#include "analysis/summary.h"
#include "cli/replay_options.h"
#include "runner/result.h"

/* false: something could not be written, and a line says so. */
typedef bool replay_report(const struct run *run, const struct summary *summary,
                           const struct answer *answer, const void *data);

/* The exit code; 130 after an interrupt, with what had been measured reported. */
int replay_run(const struct replay_options *options, int argc, char **argv,
               replay_report *report, const void *data);

#endif
