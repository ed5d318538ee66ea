/* snugbench stat: what is in a trace. */
#include "cli/stat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "report/output.h"

struct options {
    bool as_csv;
    bool compares;
    const char *output;
};

static void print_help(void)
{
    printf(
        "usage: snugbench stat [OPTIONS] TRACE...\n\n"
        "Tell what is in each trace: operations, threads, blocks, live bytes, sizes,\n"
        "lifetimes, large blocks, growth by realloc, and what was noticed while "
        "reading\n"
        "it. - is standard input.\n\n"
        "      --csv            one row a trace, for other programs\n"
        "      --compare        how the first trace differs from the others\n"
        "  -o, --output DIR     traces.csv, trace_sizes.csv, trace_live.csv and\n"
        "                       trace_lifetimes.csv, from which 'snugbench report'\n"
        "                       draws live bytes over time, sizes and lifetimes\n"
        "  -h, --help           this text\n\n"
        "examples:\n"
        "  snugbench stat traces/cc1.rep.zst\n"
        "  snugbench stat --csv traces/*.rep.zst >traces.csv\n"
        "  snugbench stat --compare app.rep.zst traces/*.rep.zst\n"
        "  snugbench stat -o shape app.rep.zst && snugbench report shape\n");
}

/* The facts of one trace, and, if it is to be told alone, their telling. */
static int look_at(const char *path, const struct options *options, bool is_first,
                   struct stat_trace *facts)
{
    struct trace_error error;
    struct trace *trace = trace_read(path, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_USAGE;
    }
    int code = EXIT_OK;
    facts->name = strdup(trace->name);
    facts->path = strdup(trace->path);
    facts->header = *trace->header;
    if (facts->name == NULL || facts->path == NULL ||
        !trace_summarize(trace, &facts->summary) ||
        !trace_shape(trace, &facts->shape)) {
        fprintf(stderr, "snugbench: %s: no memory to summarize it\n", path);
        code = EXIT_FAILED;
    } else if (options->as_csv) {
        stat_csv_row(stdout, facts); /* a full disk shows at the end */
    } else if (!options->compares && options->output == NULL) {
        printf("%s", is_first ? "" : "\n");
        stat_print(trace, facts);
    }
    trace_destroy(trace);
    return code;
}

static void forget(struct stat_trace *facts)
{
    free(facts->name);
    free(facts->path);
}

static int write_files(const struct stat_traces *traces, const char *directory)
{
    const struct output_file files[] = {
        {"traces.csv", stat_write_traces, traces},
        {"trace_sizes.csv", stat_write_sizes, traces},
        {"trace_live.csv", stat_write_live, traces},
        {"trace_lifetimes.csv", stat_write_lifetimes, traces},
    };
    struct report_error error;
    if (!output_write_all(directory, files, sizeof files / sizeof *files, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* Traces that cannot be read are left out, as the exit code tells; but not the one that
   is compared. */
static int look_at_all(char *const *paths, size_t path_count,
                       const struct options *options)
{
    struct stat_traces traces = {.traces =
                                     calloc(path_count + 1, sizeof *traces.traces)};
    if (traces.traces == NULL) {
        fprintf(stderr, "snugbench: no memory for %zu traces\n", path_count);
        return EXIT_FAILED;
    }
    int worst = EXIT_OK;
    for (size_t i = 0; i < path_count; i++) {
        struct stat_trace *facts = &traces.traces[traces.count];
        int code = look_at(paths[i], options, i == 0, facts);
        worst = code > worst ? code : worst;
        if (code == EXIT_OK) {
            traces.count++;
        } else {
            forget(facts);
            *facts = (struct stat_trace){0};
            if (i == 0 && options->compares) {
                break;
            }
        }
    }
    int code = EXIT_OK;
    if (options->compares && traces.count > 1 && !stat_compare(&traces)) {
        fprintf(stderr, "snugbench: no memory to compare traces\n");
        code = EXIT_FAILED;
    }
    if (options->output != NULL && traces.count > 0) {
        code = write_files(&traces, options->output);
    }
    for (size_t i = 0; i < traces.count; i++) {
        forget(&traces.traces[i]);
    }
    free(traces.traces);
    return code > worst ? code : worst;
}

static int parse_options(int argc, char **argv, struct options *options, int *first)
{
    const struct options_row rows[] = {
        {0, "csv", options_flag, .target = &options->as_csv},
        {0, "compare", options_flag, .target = &options->compares},
        {'o', "output", options_text, .target = &options->output},
    };
    const struct options_command command = {"stat", print_help, OPERANDS_ANYWHERE, rows,
                                            sizeof rows / sizeof *rows};
    const int parsed = options_parse(&command, argc, argv, first);
    if (parsed >= 0) {
        return parsed;
    }
    if (*first == argc) {
        return options_complain(&command, "no trace is named");
    }
    size_t streams = 0;
    for (int i = *first; i < argc; i++) {
        streams += strcmp(argv[i], "-") == 0;
    }
    if (streams > 1) {
        return options_complain(&command, "standard input ('-') can be read only once");
    }
    if (options->as_csv && options->compares) {
        return options_complain(&command, "--csv or --compare, not both");
    }
    if (options->compares && argc - *first < 2) {
        return options_complain(&command, "--compare takes a trace and others");
    }
    return -1;
}

int cli_stat(int argc, char **argv)
{
    struct options options = {0};
    int first = 0;
    const int parsed = parse_options(argc, argv, &options, &first);
    if (parsed >= 0) {
        return parsed;
    }
    if (options.as_csv) {
        stat_csv_header(stdout);
    }
    int worst = look_at_all(argv + first, (size_t)(argc - first), &options);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "snugbench: standard output: cannot be written: %s\n",
                strerror(errno));
        return EXIT_FAILED;
    }
    return worst;
}
