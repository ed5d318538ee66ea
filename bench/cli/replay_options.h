/* What a run of replays is asked to do: the command line of `snugbench replay`, parsed,
 * or what `compare` makes of its own. */
#ifndef SNUGBENCH_CLI_REPLAY_OPTIONS_H
#define SNUGBENCH_CLI_REPLAY_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/summary.h"
#include "cli/options.h"
#include "runner/schedule.h"
#include "worker/record.h"

struct replay_options {
    struct options_list allocators; /* as given with -a */
    char **traces;                  /* in argv */
    size_t trace_count;
    const char *reference; /* NULL: the default */
    const char *csv_path;  /* NULL: none */
    const char *directory; /* NULL: none */
    bool uses_callgrind;   /* an extra pass */
    bool is_mdriver;       /* a course's table and index instead of ours */
    enum worker_touch cold_touch, warm_touch;
    uint64_t seed;
    struct schedule_options schedule;
    struct summary_options summary;
};

/* With a fresh seed, and no traces yet. */
struct replay_options replay_options_defaults(void);

/* -1: go on; else the exit code: help is printed, or the line that says what is wrong.
 * To be freed in either case. */
int replay_options_parse(struct replay_options *options, int argc, char **argv);
void replay_options_free(struct replay_options *options);

#endif
