/* snugbench generate: write a synthetic trace. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "trace/fit.h"
#include "trace/generate.h"

enum {
    COMMENT_BYTES = 240
};

struct options {
    const struct generate_model *model; /* NULL: fit */
    const char *fit;                    /* the trace that is to be modelled */
    struct generate_parameters parameters;
    uint64_t threads;
    const char *output;
};

static void print_help(void)
{
    printf(
        "usage: snugbench generate MODEL -o FILE [OPTIONS]\n"
        "       snugbench generate --fit TRACE -o FILE [-n N] [-s SEED]\n\n"
        "Write a synthetic trace. The same model, options and seed give the same\n"
        "trace on every machine; the file says in comments how it was made.\n\n"
        "      --fit TRACE     model a trace instead: blocks keep sizes, lifetimes,\n"
        "                      reallocs and threads; what they are, and in which "
        "order,\n"
        "                      is drawn anew along the trace\n"
        "  -o, --output FILE   the trace; its ending chooses the compression: "
        ".rep.zst\n"
        "                      .rep.gz .rep.xz .rep.lz4 .rep.bz2 or .rep; - is "
        "standard output\n"
        "  -n, --ops N         operations, at most; of a fit: about so many (default: "
        "as\n"
        "                      many as TRACE has; for more it runs again and "
        "again)\n"
        "  -s, --seed N        default 1\n"
        "      --min BYTES     least size of a request\n"
        "      --max BYTES     greatest size of a request\n"
        "      --live N        blocks live at a time, about\n"
        "      --threads N     at a time, of a model with several\n"
        "  -h, --help          this text\n\n"
        "models, and their defaults:\n");
    size_t count = 0;
    const struct generate_model *models = generate_models(&count);
    for (size_t i = 0; i < count; i++) {
        const struct generate_parameters *defaults = &models[i].defaults;
        printf("  %-9s %s\n"
               "            -n %" PRIu64 " --min %" PRIu64 " --max %" PRIu64
               " --live %" PRIu64,
               models[i].name, models[i].summary, defaults->ops, defaults->min_bytes,
               defaults->max_bytes, defaults->live);
        const uint64_t threads = generate_default_threads(&models[i]);
        if (threads > 1) {
            printf(" --threads %" PRIu64, threads);
        }
        putchar('\n');
    }
    printf("\nexamples:\n"
           "  snugbench generate random -o random.rep.zst\n"
           "  snugbench generate strings -n 1000000 -s 7 -o strings.rep.zst\n"
           "  snugbench generate --fit app.rep.zst -n 10000000 -o long.rep.zst\n"
           "  snugbench generate churn --min 24 --max 24 -o - | snugbench stat -\n"
           "  snugbench generate producer-consumer --threads 8 -o pipes.rep.zst\n");
}

/* A fit takes its sizes from the trace. -1: all is well. */
static int check_fit(const struct options_command *command,
                     const struct options *options, int operands)
{
    const struct generate_parameters *parameters = &options->parameters;
    if (operands > 0) {
        return options_complain(command, "a model or --fit, not both");
    }
    if (parameters->min_bytes != 0 || parameters->max_bytes != 0 ||
        parameters->live != 0 || options->threads != 0) {
        return options_complain(command,
                                "--fit takes no --min, --max, --live or --threads");
    }
    if (parameters->ops > GENERATE_OPS_MAX) {
        return options_complain(command, "--ops is 2^32 at most");
    }
    if (options->output == NULL) {
        return options_complain(command, "name the file with -o FILE");
    }
    return -1;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    struct generate_parameters *parameters = &options->parameters;
    const struct options_row rows[] = {
        {'o', "output", options_text, .target = &options->output},
        {'n', "ops", options_whole, .target = &parameters->ops},
        {'s', "seed", options_whole, .target = &parameters->seed},
        {0, "min", options_whole, .target = &parameters->min_bytes},
        {0, "max", options_whole, .target = &parameters->max_bytes},
        {0, "live", options_whole, .target = &parameters->live},
        {0, "fit", options_text, .target = &options->fit},
        {0, "threads", options_whole, .target = &options->threads},
    };
    const struct options_command command = {"generate", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (options->fit != NULL) {
        return check_fit(&command, options, argc - first);
    }
    if (first == argc) {
        return options_complain(&command, "no model is named");
    }
    if (first + 1 < argc) {
        return options_complain(&command, "one model at a time, not also '%s'",
                                argv[first + 1]);
    }
    options->model = generate_find(argv[first]);
    if (options->model == NULL) {
        return options_complain(&command, "there is no model '%s'", argv[first]);
    }
    if (options->output == NULL) {
        return options_complain(&command, "name the file with -o FILE");
    }
    /* The model may stand anywhere: now once more, over its defaults. */
    options->parameters = options->model->defaults;
    options->threads = generate_default_threads(options->model);
    return options_parse(&command, argc, argv, &first);
}

static bool write_model(const struct trace *trace, const struct options *options,
                        struct trace_error *error)
{
    const struct generate_parameters *parameters = &options->parameters;
    char origin[COMMENT_BYTES];
    char command[COMMENT_BYTES];
    char threads[32] = "";
    if (options->threads > 1) {
        snprintf(threads, sizeof threads, " --threads %" PRIu64, options->threads);
    }
    snprintf(origin, sizeof origin, "synthetic: %s: %s", options->model->name,
             options->model->summary);
    snprintf(command, sizeof command,
             "snugbench %s generate %s -n %" PRIu64 " -s %" PRIu64 " --min %" PRIu64
             " --max %" PRIu64 " --live %" PRIu64 "%s",
             SNUGBENCH_VERSION, options->model->name, parameters->ops, parameters->seed,
             parameters->min_bytes, parameters->max_bytes, parameters->live, threads);
    const char *const comments[] = {origin, command, NULL};
    return trace_write(trace, options->output, comments, error);
}

/* The trace that is modelled is known by its name: where it lies is nobody's
   business. */
static bool write_fit(const struct trace *trace, const struct options *options,
                      struct trace_error *error)
{
    char command[COMMENT_BYTES];
    snprintf(command, sizeof command,
             "snugbench %s generate --fit %s -n %" PRIu64 " -s %" PRIu64,
             SNUGBENCH_VERSION, trace->name, options->parameters.ops,
             options->parameters.seed);
    const char *const comments[] = {"synthetic: fit of a trace", command, NULL};
    return trace_write(trace, options->output, comments, error);
}

static struct trace *make_fit(struct options *options, struct trace_error *error)
{
    struct trace *given = trace_read(options->fit, error);
    if (given == NULL) {
        return NULL;
    }
    struct generate_parameters *parameters = &options->parameters;
    if (parameters->ops == 0) {
        parameters->ops = given->header->op_count;
    }
    struct trace *trace = fit_generate(given, parameters->ops, parameters->seed, error);
    trace_destroy(given);
    return trace;
}

int cli_generate(int argc, char **argv)
{
    struct options options = {.parameters = {.seed = 1}};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    struct trace_error error;
    struct trace *trace = options.fit != NULL
                              ? make_fit(&options, &error)
                              : generate_trace(options.model, &options.parameters,
                                               options.threads, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: generate: %s\n", error.text);
        return EXIT_USAGE;
    }
    code = EXIT_OK;
    if (!(options.fit != NULL ? write_fit(trace, &options, &error)
                              : write_model(trace, &options, &error))) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        code = EXIT_FAILED;
    }
    trace_destroy(trace);
    return code;
}
