/* `snugbench compare TRACE...`: replays, and the answer over all of them. */
#ifndef SNUGBENCH_CLI_COMPARE_TRACES_H
#define SNUGBENCH_CLI_COMPARE_TRACES_H

#include "cli/compare_options.h"

/* The exit code. */
int compare_traces(const struct compare_options *options, int argc, char **argv);

#endif
