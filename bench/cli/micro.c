/* snugbench micro: the micro-benchmarks under each allocator. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "process/signals.h"
#include "report/micro.h"
#include "report/output.h"
#include "runner/allocators.h"
#include "runner/rng.h"
#include "runner/warnings.h"

enum {
    DEFAULT_ROUNDS = 3,
    EXIT_INTERRUPTED = 130, /* as a shell reports SIGINT */
};

struct micro_options {
    struct options_list allocators;
    const char *only;
    const char *reference;
    const char *directory;
    uint32_t rounds;
    double scale;
    uint64_t seed;
};

static void print_help(void)
{
    printf(
        "usage: snugbench micro [OPTIONS]\n\n"
        "Small programs that ask one question each: medium blocks, growth of cost,\n"
        "realloc, threads, aligned blocks, where objects lie, producer and consumer,\n"
        "short threads, random lifetimes, cache lines, a server's phases, memory "
        "given\n"
        "back, start-up. Each runs in a fresh process under each allocator, in "
        "rounds.\n\n"
        "  -a, --allocator NAME[=LIBRARY][,VARIABLE=VALUE...]\n"
        "                         repeat for several; LIBRARY as in 'compare', an "
        "mm.c\n"
        "                         included (default: all that are installed but "
        "scudo,\n"
        "                         which takes very long)\n"
        "      --only NAME,...    these benchmarks alone: medium, growth, realloc, "
        "local,\n"
        "                         mixed, aligned, walk, producer-consumer, cross,\n"
        "                         blow-up, short-threads, lifetimes, larson,\n"
        "                         cache-thrash, cache-scratch, server, give-back, "
        "start\n"
        "  -r, --rounds N         (default: %d; verdicts need 5)\n"
        "      --reference NAME   ratios are against this one (default: glibc)\n"
        "  -o, --output DIR       keep micro.csv and environment.json there,\n"
        "                         for 'snugbench report'\n"
        "      --seed N           of sizes and order (default: a new one, shown)\n"
        "      --scale F          0.0001 to 1: shorter stretches and smaller heaps,\n"
        "                         to try it out; such figures are no measurement\n"
        "  -h, --help             this text\n\n"
        "Memory is growth over an empty program under the floor. bench/METHOD.md says\n"
        "what each benchmark does. Exit code: 0 all is well; 1 a case failed or a\n"
        "file could not be written; 2 bad usage, or no place for the output, as when\n"
        "another run has DIR: nothing was measured; 130 interrupted.\n\n"
        "examples:\n"
        "  snugbench micro -o results/micro && snugbench report results/micro\n"
        "  snugbench micro --only local,cross -a snug -a tcmalloc -a glibc -r 5\n",
        DEFAULT_ROUNDS);
}

/* -1, or the exit code. */
static int parse(struct micro_options *options, int argc, char **argv)
{
    const struct options_row rows[] = {
        {'a', "allocator", options_append, .target = &options->allocators},
        {0, "only", options_text, .target = &options->only},
        {'r', "rounds", options_count, .target = &options->rounds, .from = 1,
         .to = MICRO_ROUNDS_LIMIT},
        {0, "reference", options_text, .target = &options->reference},
        {'o', "output", options_text, .target = &options->directory},
        {0, "seed", options_whole, .target = &options->seed},
        {0, "scale", options_real, .target = &options->scale, .least = 0.0001,
         .most = 1},
    };
    const struct options_command command = {"micro", print_help, OPERANDS_NONE, rows,
                                            sizeof rows / sizeof *rows};
    int first = 0;
    return options_parse(&command, argc, argv, &first);
}

/* The floor and scudo are measured only when asked for: the one is no allocator, the
 * other takes minutes. */
static bool find_allocators(const struct micro_options *options,
                            struct allocator_list *list)
{
    struct allocator_error error;
    if (!allocators_parse(list, options->allocators.items, options->allocators.count,
                          &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct allocator *allocator = &list->items[i];
        const bool is_extra =
            allocator->is_floor || strcmp(allocator->name, "scudo") == 0;
        if (options->allocators.count == 0 && is_extra) {
            allocator_free(allocator);
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
    if (name != NULL) {
        fprintf(stderr,
                "snugbench: the reference '%s' is not among the allocators; add -a "
                "%s\n",
                name, name);
    }
    return name == NULL;
}

static bool report(const struct micro_run *run, const char *directory)
{
    struct report_error error;
    struct micro_figures *figures = micro_figures_create(run);
    if (figures == NULL) {
        fprintf(stderr, "snugbench: cannot sum up the run: %s\n", strerror(errno));
        return false;
    }
    /* Files first: who reads the table may close the pipe, and SIGPIPE ends us. */
    const bool written =
        directory == NULL || micro_write_files(run, figures, directory, &error);
    if (!written) {
        fprintf(stderr, "snugbench: %s\n", error.text);
    }
    signals_end_by_pipe();
    const bool shown = micro_table(stdout, run, figures);
    if (!shown) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
    }
    free(figures);
    return written && shown;
}

static bool has_figures(const struct micro_run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->case_count * run->allocator_count; i++) {
        count += run->rows[i].count;
    }
    return count > 0;
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
    /* What an earlier run left is worth more than nothing. */
    if (run->interrupted && !has_figures(run)) {
        fprintf(stderr, "snugbench: interrupted before anything was measured; nothing "
                        "is written\n");
        return EXIT_INTERRUPTED;
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
        .seed = rng_fresh_seed(),
    };
    int code = parse(&options, argc, argv);
    if (code < 0) {
        code = run_micro(&options);
    }
    free(options.allocators.items);
    return code;
}
