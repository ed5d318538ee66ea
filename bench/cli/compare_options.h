/* The options of 'snugbench compare'. */
#ifndef SNUGBENCH_CLI_COMPARE_OPTIONS_H
#define SNUGBENCH_CLI_COMPARE_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "cli/replay_options.h"
#include "live/rounds.h"

struct compare_options {
    struct options_list allocators;
    const char *programs_path; /* NULL: the one program of live.command, or traces */
    const char *reference;     /* NULL: glibc */
    const char *directory;
    const char *csv_path, *json_path, *markdown_path;
    uint64_t seed;
    double effect;
    bool is_quick, is_verbose;
    bool has_program;             /* behind "--"; else traces */
    struct replay_options replay; /* of traces; owns nothing of its own */
    struct live_options live;     /* of a program */
    bool leaves_out_replay;
    const char *metric_text;
    regex_t metric; /* if live.server.metric is not NULL */
    bool lower_is_better;
};

/* -1: go on; else the exit code: help is printed, or the line that says what is wrong.
 * compare_options_free in either case. */
int compare_options_parse(struct compare_options *options, int argc, char **argv);
void compare_options_free(struct compare_options *options);

void compare_help(void);

#endif
