#include "cli/compare_options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/memory.h"
#include "runner/dice.h"

enum {
    DEFAULT_MIN_ROUNDS = 5, /* below there is no verdict */
    DEFAULT_MAX_ROUNDS = 100,
    ROUNDS_LIMIT = 10000,
    DEFAULT_MEMORY_ROUNDS = 3,
    QUICK_MEMORY_ROUNDS = 2,
    NS_PER_SECOND = 1000000000,
    SECONDS_LIMIT = 1000000,
    STOP_TIMEOUT_S = 20,
};

static const double default_budget_s = 200;
static const double quick_budget_s = 36;
static const double default_timeout_s = 600;

enum {
    OPTION_REFERENCE = 256,
    OPTION_SEED,
    OPTION_EFFECT,
    OPTION_BUDGET,
    OPTION_QUICK,
    OPTION_TIMEOUT,
    OPTION_CONCLUDE,
    OPTION_INPUT,
    OPTION_OUTPUT,
    OPTION_CHECK_OUTPUT,
    OPTION_SHELL,
    OPTION_READY,
    OPTION_READY_PORT,
    OPTION_LOAD,
    OPTION_METRIC,
    OPTION_LOWER,
    OPTION_LINGER,
    OPTION_CSV,
    OPTION_JSON,
    OPTION_MARKDOWN,
};

static const struct option long_options[] = {
    {"allocator", required_argument, NULL, 'a'},
    {"reference", required_argument, NULL, OPTION_REFERENCE},
    {"warmup", required_argument, NULL, 'w'},
    {"runs", required_argument, NULL, 'r'},
    {"min-runs", required_argument, NULL, 'm'},
    {"max-runs", required_argument, NULL, 'M'},
    {"budget", required_argument, NULL, OPTION_BUDGET},
    {"quick", no_argument, NULL, OPTION_QUICK},
    {"effect", required_argument, NULL, OPTION_EFFECT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"setup", required_argument, NULL, 's'},
    {"prepare", required_argument, NULL, 'p'},
    {"conclude", required_argument, NULL, OPTION_CONCLUDE},
    {"cleanup", required_argument, NULL, 'c'},
    {"input", required_argument, NULL, OPTION_INPUT},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"check-output", no_argument, NULL, OPTION_CHECK_OUTPUT},
    {"ignore-failure", no_argument, NULL, 'i'},
    {"shell", required_argument, NULL, OPTION_SHELL},
    {"ready", required_argument, NULL, OPTION_READY},
    {"ready-port", required_argument, NULL, OPTION_READY_PORT},
    {"load", required_argument, NULL, OPTION_LOAD},
    {"load-metric", required_argument, NULL, OPTION_METRIC},
    {"lower-is-better", no_argument, NULL, OPTION_LOWER},
    {"linger", required_argument, NULL, OPTION_LINGER},
    {"export-csv", required_argument, NULL, OPTION_CSV},
    {"export-json", required_argument, NULL, OPTION_JSON},
    {"export-markdown", required_argument, NULL, OPTION_MARKDOWN},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool complain(const char *text, const char *value)
{
    fprintf(stderr, "snugbench: %s '%s'; see 'snugbench compare --help'\n", text,
            value);
    return false;
}

static bool usage(const char *text)
{
    fprintf(stderr, "snugbench: %s; see 'snugbench compare --help'\n", text);
    return false;
}

static bool take_count(const char *option, uint64_t least, uint64_t most,
                       uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(optarg, &end, 10);
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && errno == 0 &&
        *value >= least && *value <= most) {
        return true;
    }
    char text[128];
    snprintf(text, sizeof text, "%s takes a whole number from %llu to %llu, not",
             option, (unsigned long long)least, (unsigned long long)most);
    return complain(text, optarg);
}

static bool take_rounds(const char *option, uint64_t least, uint32_t *rounds)
{
    uint64_t value = 0;
    const bool taken = take_count(option, least, ROUNDS_LIMIT, &value);
    *rounds = (uint32_t)value;
    return taken;
}

static bool take_number(const char *option, double least, double most, double *value)
{
    char *end;
    *value = strtod(optarg, &end);
    if (end != optarg && *end == '\0' && *value >= least && *value <= most) {
        return true;
    }
    char text[128];
    snprintf(text, sizeof text, "%s takes a number from %g to %g, not", option, least,
             most);
    return complain(text, optarg);
}

static bool take_ns(const char *option, double least, uint64_t *ns)
{
    double seconds;
    const bool taken = take_number(option, least, SECONDS_LIMIT, &seconds);
    *ns = taken ? (uint64_t)(seconds * NS_PER_SECOND) : 0;
    return taken;
}

static bool take_server_option(struct compare_options *options, int option)
{
    struct server_plan *server = &options->live.server;
    uint64_t port = 0;
    switch (option) {
    case OPTION_READY:
        server->ready = optarg;
        return true;
    case OPTION_READY_PORT:
        if (!take_count("--ready-port", 1, 65535, &port)) {
            return false;
        }
        server->ready_port = (unsigned)port;
        return true;
    case OPTION_LOAD:
        server->load = optarg;
        options->live.is_server = true;
        return true;
    case OPTION_METRIC:
        options->metric_text = optarg;
        return true;
    case OPTION_LOWER:
        options->lower_is_better = true;
        return true;
    default:
        return take_ns("--linger", 0, &server->linger_ns);
    }
}

static bool take_run_option(struct compare_options *options, int option)
{
    struct live_options *live = &options->live;
    switch (option) {
    case 's':
        live->setup = optarg;
        return true;
    case 'p':
        live->prepare = optarg;
        return true;
    case 'c':
        live->cleanup = optarg;
        return true;
    case OPTION_CONCLUDE:
        live->conclude = optarg;
        return true;
    case OPTION_INPUT:
        live->input = strcmp(optarg, "null") == 0 ? NULL : optarg;
        return true;
    case OPTION_OUTPUT:
        live->output = optarg;
        return true;
    case OPTION_CHECK_OUTPUT:
        live->check_output = true;
        return true;
    case 'i':
        live->ignore_failure = true;
        return true;
    case OPTION_SHELL:
        return strcmp(optarg, "none") == 0 ||
               complain(
                   "the program is always run without a shell; --shell takes 'none', "
                   "not",
                   optarg);
    default:
        return take_server_option(options, option);
    }
}

static bool take_length_option(struct compare_options *options, int option)
{
    struct live_options *live = &options->live;
    switch (option) {
    case 'w':
        return take_rounds("--warmup", 0, &live->warmup_count);
    case 'm':
        return take_rounds("--min-runs", 1, &options->live.min_rounds);
    case 'M':
        return take_rounds("--max-runs", 1, &live->max_rounds);
    case 'r':
        if (!take_rounds("--runs", 1, &options->live.min_rounds)) {
            return false;
        }
        live->max_rounds = options->live.min_rounds;
        return true;
    case OPTION_BUDGET:
        return take_number("--budget", 0, SECONDS_LIMIT, &live->budget_s);
    case OPTION_QUICK:
        options->is_quick = true;
        return true;
    case OPTION_EFFECT:
        if (!take_number("--effect", 0.01, 100, &options->effect)) {
            return false;
        }
        options->effect /= 100;
        return true;
    case OPTION_SEED:
        return take_count("--seed", 0, INT64_MAX, &options->seed);
    case OPTION_TIMEOUT:
        return take_ns("--timeout", 0.001, &live->timeout_ns);
    default:
        return take_run_option(options, option);
    }
}

static bool take_option(struct compare_options *options, int option)
{
    switch (option) {
    case 'a':
        options->allocators =
            memory_grow(options->allocators, options->allocator_count + 1,
                        sizeof *options->allocators);
        options->allocators[options->allocator_count++] = optarg;
        return true;
    case 'o':
        options->directory = optarg;
        return true;
    case OPTION_REFERENCE:
        options->reference = optarg;
        return true;
    case OPTION_CSV:
        options->csv_path = optarg;
        return true;
    case OPTION_JSON:
        options->json_path = optarg;
        return true;
    case OPTION_MARKDOWN:
        options->markdown_path = optarg;
        return true;
    case 'v':
        options->is_verbose = true;
        return true;
    case 'N':
        return true;
    case 'h':
        options->help = true;
        return true;
    case '?':
        return false; /* getopt has complained */
    default:
        return take_length_option(options, option);
    }
}

static bool check_server(struct compare_options *options)
{
    const struct server_plan *server = &options->live.server;
    if (server->load == NULL) {
        return (server->ready == NULL && server->ready_port == 0 &&
                options->metric_text == NULL) ||
               usage("--ready, --ready-port and --load-metric are for servers, which "
                     "need "
                     "--load");
    }
    if (server->ready == NULL && server->ready_port == 0) {
        return usage("--load needs --ready or --ready-port, to know when to begin");
    }
    if (options->live.check_output) {
        return usage("--check-output is not for servers");
    }
    return true;
}

static bool compile_metric(struct compare_options *options)
{
    if (options->metric_text == NULL) {
        return !options->lower_is_better ||
               usage("--lower-is-better is of --load-metric");
    }
    if (regcomp(&options->metric, options->metric_text, REG_EXTENDED | REG_NEWLINE) !=
        0) {
        const char *text = options->metric_text;
        options->metric_text = NULL;
        return complain("--load-metric is no regular expression:", text);
    }
    options->live.server.metric = &options->metric;
    return true;
}

static bool check(struct compare_options *options, int argc, char **argv)
{
    struct live_options *live = &options->live;
    if (optind == argc) {
        return usage("compare needs a program: snugbench compare -- PROGRAM ARGS...");
    }
    live->command = argv + optind;
    if (options->live.min_rounds > live->max_rounds) {
        /* The word that the user has said counts; the other is a default. */
        if (live->max_rounds < DEFAULT_MIN_ROUNDS &&
            options->live.min_rounds == DEFAULT_MIN_ROUNDS) {
            options->live.min_rounds = live->max_rounds;
        } else {
            live->max_rounds = options->live.min_rounds;
        }
    }
    if (options->is_quick && live->budget_s == default_budget_s) {
        live->budget_s = quick_budget_s;
        live->memory_rounds = QUICK_MEMORY_ROUNDS;
    }
    if (live->input != NULL && access(live->input, R_OK) != 0) {
        fprintf(stderr, "snugbench: cannot read '%s': %s\n", live->input,
                strerror(errno));
        return false;
    }
    live->server.ready_timeout_ns = live->timeout_ns;
    return check_server(options) && compile_metric(options);
}

bool compare_options_parse(struct compare_options *options, int argc, char **argv)
{
    *options = (struct compare_options){
        .effect = 0.02,
        .seed = dice_fresh_seed(),
        .live = {.budget_s = default_budget_s,
                 .warmup_count = 1,
                 .min_rounds = DEFAULT_MIN_ROUNDS,
                 .max_rounds = DEFAULT_MAX_ROUNDS,
                 .memory_rounds = DEFAULT_MEMORY_ROUNDS,
                 .timeout_ns = (uint64_t)(default_timeout_s * NS_PER_SECOND),
                 .server = {.linger_ns = 2ull * NS_PER_SECOND,
                            .stop_timeout_ns =
                                (uint64_t)STOP_TIMEOUT_S * NS_PER_SECOND}},
    };
    for (int option; (option = getopt_long(argc, argv, "+a:o:w:r:m:M:s:p:c:iNvh",
                                           long_options, NULL)) != -1;) {
        if (!take_option(options, option)) {
            return false;
        }
    }
    return options->help || check(options, argc, argv);
}

void compare_options_free(struct compare_options *options)
{
    free(options->allocators);
    if (options->live.server.metric != NULL) {
        regfree(&options->metric);
    }
}
