/* The options of 'snugbench compare'. */
#ifndef SNUGBENCH_CLI_COMPARE_OPTIONS_H
#define SNUGBENCH_CLI_COMPARE_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/rounds.h"

struct compare_options {
    const char **allocators;
    size_t allocator_count;
    const char *reference; /* NULL: glibc */
    const char *directory;
    const char *csv_path, *json_path, *markdown_path;
    uint64_t seed;
    double effect;
    bool is_quick, is_verbose, help;
    struct live_options live;
    const char *metric_text;
    regex_t metric; /* if metric_text is not NULL */
    bool lower_is_better;
};

/* false: a line has been printed; compare_options_free all the same. */
bool compare_options_parse(struct compare_options *options, int argc, char **argv);
void compare_options_free(struct compare_options *options);

void compare_help(void);

#endif
