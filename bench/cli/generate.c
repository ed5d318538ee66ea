/* snugbench generate: write a synthetic trace. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "trace/generate.h"

enum {
    COMMENT_BYTES = 240
};

struct options {
    const struct generate_model *model;
    struct generate_parameters parameters;
    const char *output;
};

static void print_help(FILE *out)
{
    fprintf(out,
            "usage: snugbench generate MODEL -o FILE [OPTIONS]\n\n"
            "Write a synthetic trace. The same model, options and seed give the same\n"
            "trace on every machine; the file says in comments how it was made.\n\n"
            "  -o, --output FILE   the trace; its ending chooses the compression: "
            ".rep.zst\n"
            "                      .rep.gz .rep.xz .rep.lz4 or .rep; - is standard "
            "output\n"
            "  -n, --ops N         operations, at most\n"
            "  -s, --seed N        default 1\n"
            "      --min BYTES     least size of a request\n"
            "      --max BYTES     greatest size of a request\n"
            "      --live N        blocks live at a time, about\n"
            "  -h, --help          this text\n\n"
            "models, and their defaults:\n");
    size_t count = 0;
    const struct generate_model *models = generate_models(&count);
    for (size_t i = 0; i < count; i++) {
        const struct generate_parameters *defaults = &models[i].defaults;
        fprintf(out,
                "  %-9s %s\n"
                "            -n %" PRIu64 " --min %" PRIu64 " --max %" PRIu64
                " --live %" PRIu64 "\n",
                models[i].name, models[i].summary, defaults->ops, defaults->min_bytes,
                defaults->max_bytes, defaults->live);
    }
    fprintf(out,
            "\nexamples:\n"
            "  snugbench generate random -o random.rep.zst\n"
            "  snugbench generate strings -n 1000000 -s 7 -o strings.rep.zst\n"
            "  snugbench generate churn --min 24 --max 24 -o - | snugbench stat -\n");
}

static int usage_error(const char *what, const char *which)
{
    fprintf(stderr,
            "snugbench: generate: %s%s; 'snugbench generate --help' tells how\n", what,
            which);
    return EXIT_USAGE;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && errno == 0 && *end == '\0';
}

enum {
    OPTION_MIN = 256,
    OPTION_MAX,
    OPTION_LIVE
};

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"ops", required_argument, NULL, 'n'},
    {"seed", required_argument, NULL, 's'},
    {"min", required_argument, NULL, OPTION_MIN},
    {"max", required_argument, NULL, OPTION_MAX},
    {"live", required_argument, NULL, OPTION_LIVE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Where the number of an option goes; NULL: not an option with a number. */
static uint64_t *number_of(struct generate_parameters *parameters, int option)
{
    switch (option) {
    case 'n':
        return &parameters->ops;
    case 's':
        return &parameters->seed;
    case OPTION_MIN:
        return &parameters->min_bytes;
    case OPTION_MAX:
        return &parameters->max_bytes;
    case OPTION_LIVE:
        return &parameters->live;
    default:
        return NULL;
    }
}

/* One pass over the options: -1, or the exit code. The model's name may stand anywhere,
   so a first pass finds it and a second one puts the numbers over its defaults. */
static int parse_pass(int argc, char **argv, struct options *options)
{
    opterr = 0;
    optind = 0; /* getopt starts afresh */
    for (int option;
         (option = getopt_long(argc, argv, ":o:n:s:h", long_options, NULL)) != -1;) {
        uint64_t *number = number_of(&options->parameters, option);
        if (number != NULL) {
            if (!parse_number(optarg, number)) {
                return usage_error("expected a number, found ", optarg);
            }
        } else if (option == 'o') {
            options->output = optarg;
        } else if (option == 'h') {
            print_help(stdout);
            return EXIT_OK;
        } else {
            return usage_error(option == ':' ? "a value is missing after "
                                             : "unknown option ",
                               argv[optind - 1]);
        }
    }
    return -1;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    int code = parse_pass(argc, argv, options);
    if (code >= 0) {
        return code;
    }
    if (optind >= argc) {
        return usage_error("no model is named", "");
    }
    if (optind + 1 < argc) {
        return usage_error("one model at a time, not also ", argv[optind + 1]);
    }
    options->model = generate_find(argv[optind]);
    if (options->model == NULL) {
        return usage_error("there is no model ", argv[optind]);
    }
    if (options->output == NULL) {
        return usage_error("name the file with -o FILE", "");
    }
    options->parameters = options->model->defaults;
    return parse_pass(argc, argv, options);
}

static bool write_trace(const struct trace *trace, const struct options *options,
                        struct trace_error *error)
{
    const struct generate_parameters *parameters = &options->parameters;
    char origin[COMMENT_BYTES];
    char command[COMMENT_BYTES];
    snprintf(origin, sizeof origin, "synthetic: %s: %s", options->model->name,
             options->model->summary);
    snprintf(command, sizeof command,
             "snugbench %s generate %s -n %" PRIu64 " -s %" PRIu64 " --min %" PRIu64
             " --max %" PRIu64 " --live %" PRIu64,
             SNUGBENCH_VERSION, options->model->name, parameters->ops, parameters->seed,
             parameters->min_bytes, parameters->max_bytes, parameters->live);
    const char *const comments[] = {origin, command, NULL};
    return trace_write(trace, options->output, comments, error);
}

int cli_generate(int argc, char **argv)
{
    struct options options = {0};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    struct trace_error error;
    struct trace *trace = generate_trace(options.model, &options.parameters, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: generate: %s\n", error.text);
        return EXIT_USAGE;
    }
    code = EXIT_OK;
    if (!write_trace(trace, &options, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        code = EXIT_FAILED;
    }
    trace_destroy(trace);
    return code;
}
