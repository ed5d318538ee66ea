/* snugbench micro: the micro-benchmarks under each allocator. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/micro.h"
#include "report/output.h"
#include "runner/allocators.h"
#include "runner/dice.h"
#include "runner/run.h"
#include "runner/signals.h"
#include "runner/warnings.h"

enum {
    DEFAULT_ROUNDS = 3,
    EXIT_INTERRUPTED = 130, /* as a shell reports SIGINT */
    OPTION_SCALE = 256,
    OPTION_SEED,
    OPTION_REFERENCE,
};

struct micro_options {
    const char **allocators;
    size_t allocator_count;
    const char *only;
    const char *reference;
    const char *directory;
    uint32_t rounds;
    double scale;
    uint64_t seed;
    bool help;
};

static void print_help(void)
{
    printf(
        "usage: snugbench micro [OPTIONS]\n\n"
        "Small programs that ask one question each: medium blocks, growth of cost,\n"
        "realloc, threads, producer and consumer, short threads, memory given back,\n"
        "start-up. Each runs in a fresh process under each allocator, in rounds.\n\n"
        "  -a, --allocator NAME[=LIBRARY.so], NAME=mm.c\n"
        "                         repeat for several (default: all that are installed\n"
        "                         but scudo, which takes very long)\n"
        "      --only NAME,...    these benchmarks alone: medium, growth, realloc, "
        "local,\n"
        "                         mixed, producer-consumer, cross, blow-up,\n"
        "                         short-threads, give-back, start\n"
        "  -r, --rounds N         (default: %d; verdicts need 5)\n"
        "      --reference NAME   ratios are against this one (default: glibc)\n"
        "  -o, --output DIR       write micro.csv there, for charts\n"
        "      --seed N           of sizes and order (default: a new one, shown)\n"
        "      --scale F          0.0001 to 1: shorter stretches and smaller heaps,\n"
        "                         to try it out; such figures are no measurement\n"
        "  -h, --help             this text\n\n"
        "Memory is growth over an empty program under the floor. bench/METHOD.md says\n"
        "what each benchmark does. Exit code: 0 all is well; 1 a case failed or a\n"
        "file could not be written; 2 bad usage, or no place for the output, as when\n"
        "another run has DIR: nothing was measured; 130 interrupted.\n\n"
        "examples:\n"
        "  snugbench micro -o results/micro && scripts/charts results/micro\n"
        "  snugbench micro --only local,cross -a snug -a tcmalloc -a glibc -r 5\n",
        DEFAULT_ROUNDS);
}

static bool complain(const char *text, const char *value)
{
    fprintf(stderr, "snugbench: %s '%s'; see 'snugbench micro --help'\n", text, value);
    return false;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
           *value <= max;
}

static bool parse_rounds(const char *text, uint32_t *rounds)
{
    uint64_t value = 0;
    if (!parse_number(text, MICRO_ROUNDS_LIMIT, &value) || value == 0) {
        return complain("--rounds takes a number from 1 to 100, not", text);
    }
    *rounds = (uint32_t)value;
    return true;
}

static bool parse_scale(const char *text, double *scale)
{
    char *end;
    *scale = strtod(text, &end);
    if (end == text || *end != '\0' || !(*scale >= 0.0001 && *scale <= 1)) {
        return complain("--scale takes a number from 0.0001 to 1, not", text);
    }
    return true;
}

static bool take_option(struct micro_options *options, int option)
{
    switch (option) {
    case 'a':
        options->allocators =
            run_grow(options->allocators, options->allocator_count + 1,
                     sizeof *options->allocators);
        options->allocators[options->allocator_count++] = optarg;
        return true;
    case 'o':
        options->directory = optarg;
        return true;
    case 'n':
        options->only = optarg;
        return true;
    case 'r':
        return parse_rounds(optarg, &options->rounds);
    case 'h':
        options->help = true;
        return true;
    case OPTION_REFERENCE:
        options->reference = optarg;
        return true;
    case OPTION_SCALE:
        return parse_scale(optarg, &options->scale);
    case OPTION_SEED:
        return parse_number(optarg, UINT64_MAX, &options->seed) ||
               complain("--seed takes a number, not", optarg);
    default:
        return false; /* getopt has complained */
    }
}

static bool parse(struct micro_options *options, int argc, char **argv)
{
    static const struct option long_options[] = {
        {"allocator", required_argument, NULL, 'a'},
        {"only", required_argument, NULL, 'n'},
        {"rounds", required_argument, NULL, 'r'},
        {"reference", required_argument, NULL, OPTION_REFERENCE},
        {"output", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"scale", required_argument, NULL, OPTION_SCALE},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    for (int option;
         (option = getopt_long(argc, argv, "a:r:o:h", long_options, NULL)) != -1;) {
        if (!take_option(options, option)) {
            return false;
        }
    }
    return optind == argc || complain("micro takes no argument", argv[optind]);
}

/* The floor and scudo are measured only when asked for: the one is no allocator, the
 * other takes minutes. */
static bool find_allocators(const struct micro_options *options,
                            struct allocator_list *list)
{
    struct allocator_error error;
    if (!allocators_parse(list, options->allocators, options->allocator_count,
                          &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct allocator *allocator = &list->items[i];
        const bool is_extra =
            allocator->is_floor || strcmp(allocator->name, "scudo") == 0;
        if (options->allocator_count == 0 && is_extra) {
            free(allocator->name);
            free(allocator->library);
        } else {
            list->items[kept++] = *allocator;
        }
    }
    list->count = kept;
    return true;
}

static bool set_reference(struct micro_run *run, const char *name)
{
    const char *wanted = name == NULL ? "glibc" : name;
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (strcmp(run->allocators[i].name, wanted) == 0) {
            run->reference_index = i;
            return true;
        }
    }
    return name == NULL || complain("the reference is not among the allocators:", name);
}

static bool report(const struct micro_run *run, const char *directory)
{
    struct report_error error;
    struct micro_figures *figures = micro_figures_create(run);
    if (figures == NULL) {
        fprintf(stderr, "snugbench: cannot sum up the run: %s\n", strerror(errno));
        return false;
    }
    bool written = micro_table(stdout, run, figures);
    if (!written) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
    }
    if (directory != NULL && !micro_write_csv(run, figures, directory, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        written = false;
    }
    free(figures);
    return written;
}

static int measure(struct micro_run *run, const struct micro_options *options)
{
    struct allocator_list floor;
    struct allocator_error error;
    const char *name = "floor";
    const bool has_floor = allocators_parse(&floor, &name, 1, &error);
    if (!has_floor) {
        warning_print(WARNING_FLOOR, "its library is missing");
    }
    run->rounds = options->rounds;
    run->scale = options->scale;
    run->seed = options->seed;
    fprintf(stderr, "snugbench: cases: %zu, allocators: %zu, seed: %" PRIu64 "\n",
            run->case_count, run->allocator_count, run->seed);
    micro_run_all(run, has_floor ? floor.items[0].library : NULL);
    if (has_floor) {
        allocators_free(&floor);
    }
    int code = report(run, options->directory) ? EXIT_OK : EXIT_FAILED;
    for (size_t i = 0; i < run->case_count * run->allocator_count; i++) {
        const enum result_status status = run->rows[i].status;
        code = status == RESULT_OK || status == RESULT_SKIPPED ? code : EXIT_FAILED;
    }
    if (run->interrupted) {
        fprintf(stderr, "snugbench: interrupted; what had been measured is shown\n");
        code = EXIT_INTERRUPTED;
    }
    return code;
}

/* With the output's folder taken, if there is one. */
static int measure_into(struct micro_run *run, const struct micro_options *options)
{
    struct output_folder folder;
    struct report_error error;
    if (options->directory == NULL) {
        return measure(run, options);
    }
    if (!output_folder_open(&folder, options->directory, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_USAGE;
    }
    int code = measure(run, options);
    output_folder_close(&folder);
    return code;
}

static int run_micro(const struct micro_options *options)
{
    struct allocator_list allocators;
    struct micro_run run = {.case_count = 0};
    char error[512];
    if (!find_allocators(options, &allocators)) {
        return EXIT_USAGE;
    }
    signals_hold();
    int code = EXIT_USAGE;
    if (!micro_run_create(&run, options->only, allocators.items, allocators.count,
                          error, sizeof error)) {
        fprintf(stderr, "snugbench: %s\n", error);
    } else if (set_reference(&run, options->reference)) {
        code = measure_into(&run, options);
    }
    micro_run_destroy(&run);
    allocators_free(&allocators);
    return code;
}

int cli_micro(int argc, char **argv)
{
    struct micro_options options = {
        .rounds = DEFAULT_ROUNDS,
        .scale = 1,
        .seed = dice_fresh_seed(),
    };
    int code = EXIT_USAGE;
    if (parse(&options, argc, argv)) {
        if (options.help) {
            print_help();
            code = EXIT_OK;
        } else {
            code = run_micro(&options);
        }
    }
    free(options.allocators);
    return code;
}
