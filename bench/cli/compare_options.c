#include "cli/compare_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "process/program.h"
#include "runner/mode.h"
#include "runner/rng.h"

enum {
    DEFAULT_MIN_ROUNDS = 5, /* below there is no verdict */
    DEFAULT_MAX_ROUNDS = 100,
    ROUNDS_LIMIT = 10000,
    DEFAULT_MEMORY_ROUNDS = 3,
    QUICK_MEMORY_ROUNDS = 2,
    NS_PER_SECOND = 1000000000,
    MOST_SECONDS = 1000000,
    DEFAULT_TIMEOUT_S = 600,
    STOP_TIMEOUT_S = 20,
    OF_PROGRAMS = 19, /* rows of the table of options */
};

/* Of a program all that is done, of traces what is timed. */
static const double program_budget_s = 240;
static const double quick_program_budget_s = 45;
static const double traces_budget_s = 200;
static const double quick_traces_budget_s = 36;

/* What complaints after the parsing are of. */
static const struct options_command complaint = {.name = "compare"};

/* ---- servers ---- */

/* -1: go on; else the exit code. */
static int check_server(const struct compare_options *options)
{
    const struct server_plan *server = &options->live.server;
    const bool has_ready = server->ready != NULL || server->ready_port != 0;
    if (server->load == NULL) {
        return !has_ready && options->metric_text == NULL
                   ? -1
                   : options_complain(&complaint,
                                      "--ready, --ready-port and --load-metric are for "
                                      "servers, which need --load");
    }
    if (!has_ready) {
        return options_complain(
            &complaint, "--load needs --ready or --ready-port, to know when to begin");
    }
    if (options->live.check_output) {
        return options_complain(&complaint, "--check-output is not for servers");
    }
    return -1;
}

static int compile_metric(struct compare_options *options)
{
    const char *text = options->metric_text;
    if (text == NULL) {
        return !options->lower_is_better
                   ? -1
                   : options_complain(&complaint,
                                      "--lower-is-better is of --load-metric");
    }
    if (regcomp(&options->metric, text, REG_EXTENDED | REG_NEWLINE) != 0) {
        return options_complain(&complaint,
                                "--load-metric is no regular expression: '%s'", text);
    }
    options->live.server.metric = &options->metric;
    return -1;
}

/* ---- what is compared ---- */

/* What is of one program alone. */
static int check_programs(const struct compare_options *options, bool has_command)
{
    if (has_command) {
        return options_complain(&complaint,
                                "a program beside --programs; write it into the file");
    }
    if (options->live.server.load != NULL) {
        return options_complain(&complaint, "--programs is not for servers");
    }
    return options->csv_path == NULL && options->json_path == NULL &&
                   options->markdown_path == NULL
               ? -1
               : options_complain(
                     &complaint,
                     "with --programs the files of each program are kept by -o DIR "
                     "alone");
}

/* Every run reads it from its beginning, which of a pipe the first one would take. */
static bool check_input(const char *path)
{
    struct stat status;
    if (access(path, R_OK) != 0 || stat(path, &status) != 0) {
        fprintf(stderr, "snugbench: cannot read '%s': %s\n", path, strerror(errno));
        return false;
    }
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
        fprintf(stderr,
                "snugbench: '%s' is a pipe, which only the first run could read; write "
                "it into a file for --input\n",
                path);
        return false;
    }
    return true;
}

/* Who writes '-- PROGRAM <FILE' means the program's input. */
static void warn_of_input(const char *path)
{
    struct stat status;
    if (path == NULL && fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size > 0) {
        fputs("snugbench: standard input is a file, which the program does not get; "
              "--input FILE gives it\n",
              stderr);
    }
}

static int check_program(struct compare_options *options, char **operands)
{
    struct live_options *live = &options->live;
    live->command = operands;
    if (options->is_quick) {
        live->memory_rounds = QUICK_MEMORY_ROUNDS;
    }
    if (live->timeout_ns == 0) {
        live->timeout_ns = (uint64_t)DEFAULT_TIMEOUT_S * NS_PER_SECOND;
    }
    if (live->input != NULL && strcmp(live->input, "null") == 0) {
        live->input = NULL;
    }
    if (live->input != NULL && !check_input(live->input)) {
        return EXIT_USAGE;
    }
    warn_of_input(live->input);
    live->is_server = live->server.load != NULL;
    live->server.ready_timeout_ns = live->timeout_ns;
    const int code = check_server(options);
    return code >= 0 ? code : compile_metric(options);
}

/* Whether `name` is something to run, not to replay. */
static bool is_program(const char *name)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    const bool is_data = access(name, F_OK) == 0 && access(name, X_OK) != 0;
    if (is_data || !program_locate(name, path)) {
        return false;
    }
    program_resolve(path, real);
    return program_judge(real) != PROGRAM_UNKNOWN;
}

/* One operand that stands where traces do. Whatever can be read is a trace until its
 * reader says otherwise. */
static int check_operand(const char *name)
{
    const bool is_there = strcmp(name, "-") == 0 || access(name, F_OK) == 0;
    if (is_program(name)) {
        fprintf(
            stderr,
            "snugbench: '%s' is a program, not a trace: write 'snugbench compare -- "
            "%s ...'\n",
            name, name);
        return EXIT_USAGE;
    }
    if (!is_there) {
        fprintf(stderr, "snugbench: no trace '%s': %s; 'snugbench record' makes one\n",
                name, strerror(errno));
        return EXIT_USAGE;
    }
    return -1;
}

/* The options of traces, in terms of a replay. */
static int check_traces(struct compare_options *options, char **operands, size_t count)
{
    struct replay_options *replay = &options->replay;
    size_t streams = 0;
    for (size_t i = 0; i < count; i++) {
        const int code = check_operand(operands[i]);
        if (code >= 0) {
            return code;
        }
        streams += strcmp(operands[i], "-") == 0;
    }
    if (streams > 1) {
        return options_complain(&complaint,
                                "standard input ('-') can be read only once");
    }
    *replay = replay_options_defaults();
    replay->allocators = options->allocators;
    replay->traces = operands;
    replay->trace_count = count;
    replay->reference = options->reference;
    replay->directory = options->directory;
    replay->csv_path = options->csv_path;
    replay->seed = options->seed;
    replay->summary.warm_effect = options->effect;
    replay->schedule.budget_ns =
        (uint64_t)(options->live.budget_s * NS_PER_SECOND / (double)count);
    if (options->live.timeout_ns > 0) {
        replay->schedule.timeout_ns = options->live.timeout_ns;
    }
    if (options->directory == NULL) { /* only its files show it */
        replay->schedule.modes &= ~mode_set_of_pass("latency", strlen("latency"));
    }
    return -1;
}

static double budget_of(const struct compare_options *options)
{
    if (options->has_program) {
        return options->is_quick ? quick_program_budget_s : program_budget_s;
    }
    return options->is_quick ? quick_traces_budget_s : traces_budget_s;
}

static int check(struct compare_options *options, struct options_rounds rounds,
                 char **operands, size_t count)
{
    struct schedule_options *schedule = &options->replay.schedule;
    struct live_options *live = &options->live;
    if (live->budget_s < 0) {
        live->budget_s = budget_of(options);
    }
    const int code = options->has_program ? check_program(options, operands)
                                          : check_traces(options, operands, count);
    if (code >= 0) {
        return code;
    }
    const bool agrees =
        options->has_program
            ? options_settle_rounds(rounds, &live->min_rounds, &live->max_rounds)
            : options_settle_rounds(rounds, &schedule->min_rounds,
                                    &schedule->max_rounds);
    char text[80];
    options_explain_rounds(rounds, text, sizeof text);
    return agrees ? -1 : options_complain(&complaint, "%s", text);
}

/* ---- the command line ---- */

static const char *const shells[] = {"none", NULL};

/* Programs have options of their own, so theirs begin where PROGRAM stands; of traces
 * options may come after. */
static int parse(struct compare_options *options, struct options_rounds *rounds,
                 enum options_operands operands, int argc, char **argv, int *first)
{
    unsigned shell;
    bool is_shellless;
    struct live_options *live = &options->live;
    struct server_plan *server = &live->server;
    *rounds = (struct options_rounds){.least = 0};
    *options = (struct compare_options){
        .effect = 0.02,
        .seed = rng_fresh_seed(),
        .live = {.budget_s = -1,
                 .warmup_count = 1,
                 .min_rounds = DEFAULT_MIN_ROUNDS,
                 .max_rounds = DEFAULT_MAX_ROUNDS,
                 .memory_rounds = DEFAULT_MEMORY_ROUNDS,
                 .server = {.linger_ns = 2ull * NS_PER_SECOND,
                            .stop_timeout_ns =
                                (uint64_t)STOP_TIMEOUT_S * NS_PER_SECOND}},
    };
    const struct options_row rows[] = {
        {'a', "allocator", options_append, .target = &options->allocators},
        {0, "reference", options_text, .target = &options->reference},
        {'o', NULL, options_text, .target = &options->directory},
        {0, "export-csv", options_text, .target = &options->csv_path},
        {0, "export-json", options_text, .target = &options->json_path},
        {0, "export-markdown", options_text, .target = &options->markdown_path},
        {'v', "verbose", options_flag, .target = &options->is_verbose},
        {0, "quick", options_flag, .target = &options->is_quick},
        {0, "budget", options_real, .target = &live->budget_s, .most = MOST_SECONDS},
        {'r', "runs", options_runs, .target = rounds, .from = 1, .to = ROUNDS_LIMIT},
        {'m', "min-runs", options_count, .target = &rounds->least, .from = 1,
         .to = ROUNDS_LIMIT},
        {'M', "max-runs", options_count, .target = &rounds->most, .from = 1,
         .to = ROUNDS_LIMIT},
        {0, "effect", options_percent, .target = &options->effect},
        {0, "seed", options_whole, .target = &options->seed,
         .expected = "a whole number below 2^63", .to = INT64_MAX},
        {0, "timeout", options_seconds, .target = &live->timeout_ns, .least = 0.01},
        /* Of programs alone: the last OF_PROGRAMS. */
        {0, "programs", options_text, .target = &options->programs_path},
        {'w', "warmup", options_count, .target = &live->warmup_count,
         .to = ROUNDS_LIMIT},
        {0, "no-replay", options_flag, .target = &options->leaves_out_replay},
        {'s', "setup", options_text, .target = &live->setup},
        {'p', "prepare", options_text, .target = &live->prepare},
        {0, "conclude", options_text, .target = &live->conclude},
        {'c', "cleanup", options_text, .target = &live->cleanup},
        {0, "input", options_text, .target = &live->input},
        {0, "output", options_text, .target = &live->output},
        {0, "check-output", options_flag, .target = &live->check_output},
        {'i', "ignore-failure", options_flag, .target = &live->ignore_failure},
        {0, "shell", options_choice, .target = &shell, .choices = shells,
         .expected = "'none', for the program is run without a shell"},
        {'N', NULL, options_flag, .target = &is_shellless},
        {0, "ready", options_text, .target = &server->ready},
        {0, "ready-port", options_count, .target = &server->ready_port, .from = 1,
         .to = 65535},
        {0, "load", options_text, .target = &server->load},
        {0, "load-metric", options_text, .target = &options->metric_text},
        {0, "lower-is-better", options_flag, .target = &options->lower_is_better},
        {0, "linger", options_seconds, .target = &server->linger_ns},
    };
    const size_t count = sizeof rows / sizeof *rows;
    const bool is_traces = operands == OPERANDS_TRACES;
    const struct options_command command = {
        .name = "compare",
        .print_help = compare_help,
        .operands = operands,
        .rows = rows,
        .row_count = is_traces ? count - OF_PROGRAMS : count,
    };
    const int code = options_parse(&command, argc, argv, first);
    if (code >= 0) {
        return code;
    }
    if (*first == argc && options->programs_path == NULL) {
        fprintf(stderr,
                "snugbench: compare what? 'snugbench compare -- PROGRAM ...' or "
                "'snugbench compare TRACE...'; see 'compare --help'\n");
        return EXIT_USAGE;
    }
    return -1;
}

int compare_options_parse(struct compare_options *options, int argc, char **argv)
{
    struct options_rounds rounds;
    int first = 0;
    int code = parse(options, &rounds, OPERANDS_PROGRAM, argc, argv, &first);
    if (code < 0 && options->programs_path != NULL) {
        options->has_program = true;
        code = check_programs(options, first < argc);
    } else if (code < 0 && strcmp(argv[first - 1], "--") == 0) {
        options->has_program = true;
    } else if (code < 0 && (code = check_operand(argv[first])) < 0) {
        compare_options_free(options);
        code = parse(options, &rounds, OPERANDS_TRACES, argc, argv, &first);
    }
    return code >= 0 ? code
                     : check(options, rounds, argv + first, (size_t)(argc - first));
}

void compare_options_free(struct compare_options *options)
{
    free(options->allocators.items);
    options->allocators = (struct options_list){.count = 0};
    if (options->live.server.metric != NULL) {
        regfree(&options->metric);
        options->live.server.metric = NULL;
    }
}
