/* snugbench minimize: the smallest trace that an allocator still fails on, or is still
 * slow on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "process/clock.h"
#include "process/signals.h"
#include "report/output.h"
#include "report/units.h"
#include "runner/allocators.h"
#include "runner/capacity.h"
#include "runner/job.h"
#include "runner/trial.h"
#include "trace/shrink.h"
#include "trace/trace.h"

enum {
    EXIT_INTERRUPTED = 130, /* as a shell reports SIGINT */
    COMMENT_BYTES = 500,
    PATH_BYTES = 400,
    REFRESH_NS = 100000000,
    /* A time that a clock can tell, and parts whose lack it can tell, too. */
    SLOW_LEAST_OPS = 1000,
    SLOW_MOST_PARTS = 32
};

static const double ratio_most = 1e6;

struct options {
    struct options_list allocators;
    const char *reference;
    const char *output; /* NULL: beside the working directory's other files */
    const char *input;
    double slower; /* 0: what fails is looked for */
    uint64_t timeout_ns;
    uint64_t budget_ns;
};

/* A search under way. */
struct search {
    const struct options *options;
    const char *output;
    struct trial trial;
    struct trial_answer shown; /* by the smallest trace so far */
    uint64_t op_count;         /* of it */
    uint64_t told_count;       /* when a line last said so */
    uint64_t tests;
    uint64_t start_ns, shown_ns;
    bool is_terminal, is_over_budget;
};

static void print_help(void)
{
    printf(
        "usage: snugbench minimize TRACE -a NAME[=LIBRARY] [OPTIONS]\n\n"
        "Find the smallest trace that an allocator still fails on: that breaks a\n"
        "promise of malloc, crashes or hangs as on TRACE. Parts of the trace are left\n"
        "out and the rest replayed, again and again (delta debugging); the result is\n"
        "written when no operation can be left out any more. All is replayed by one\n"
        "thread. Ctrl-C writes what has been reached.\n\n"
        "  -a, --allocator NAME[=LIBRARY][,VARIABLE=VALUE...]\n"
        "                         the allocator, as for 'snugbench replay'\n"
        "  -o, --output FILE      the result (default: NAME-min.rep)\n"
        "      --slower RATIO     instead of a failure: the trace on which it still\n"
        "                         takes RATIO times the reference's time, at least\n"
        "                         1,000 operations; a ratio that the noise of this\n"
        "                         machine hides is refused\n"
        "      --reference NAME   of --slower (default: glibc)\n"
        "      --timeout SECONDS  for one process (default: %d, and one more for each\n"
        "                         %d,000 operations)\n"
        "      --budget SECONDS   for the whole search (default: 600)\n"
        "  -h, --help             this text\n\n"
        "examples:\n"
        "  snugbench minimize app.rep.zst -a mine=./libmine.so\n"
        "  snugbench minimize traces/jq.rep.zst -a lab=./mm.c -o small.rep\n"
        "  snugbench minimize app.rep.zst -a jemalloc --slower 1.5 -o slow.rep\n",
        TRIAL_PATIENCE_S, JOB_OPS_A_SECOND / 1000);
}

static int parse_options(int argc, char **argv, struct options *options)
{
    const struct options_row rows[] = {
        {'a', "allocator", options_append, .target = &options->allocators},
        {'o', "output", options_text, .target = &options->output},
        {0, "slower", options_real, .target = &options->slower,
         .expected = "a ratio of 1 or more", .least = 1, .most = ratio_most},
        {0, "reference", options_text, .target = &options->reference},
        {0, "timeout", options_seconds, .target = &options->timeout_ns, .least = 0.01},
        {0, "budget", options_seconds, .target = &options->budget_ns, .least = 0.01},
    };
    const struct options_command command = {"minimize", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (argc - first != 1) {
        return options_complain(&command, "name one trace");
    }
    if (options->allocators.count != 1) {
        return options_complain(&command, "name one allocator with -a NAME=LIBRARY");
    }
    if (options->reference != NULL && options->slower == 0) {
        return options_complain(&command, "--reference belongs to --slower RATIO");
    }
    if (options->slower > 0) {
        const char *name = options->reference != NULL ? options->reference : "glibc";
        if (strcmp(name, options->allocators.items[0]) == 0) {
            return options_complain(
                &command, "%s is the reference itself; name another with --reference",
                name);
        }
        options->reference = name;
    }
    options->input = argv[first];
    return -1;
}

static void show_progress(struct search *search)
{
    const uint64_t now_ns = clock_now_ns();
    char text[120];
    snprintf(text, sizeof text, "operations left: %s; tests: %s",
             units_count(search->op_count).bytes, units_count(search->tests).bytes);
    if (search->is_terminal && now_ns - search->shown_ns >= REFRESH_NS) {
        search->shown_ns = now_ns;
        fprintf(stderr, "\r\033[K%s", text);
        fflush(stderr);
    } else if (!search->is_terminal && search->op_count <= search->told_count / 2) {
        search->told_count = search->op_count;
        fprintf(stderr, "snugbench: %s\n", text);
    }
}

/* Does this answer show what is looked for? */
static bool shows(const struct search *search, const struct trial_answer *answer)
{
    if (search->options->slower > 0) {
        return answer->status == RESULT_OK && answer->is_slower;
    }
    return answer->status == search->shown.status;
}

static struct trial_answer ask(struct search *search, const struct trace *trace)
{
    search->tests++;
    const double slower = search->options->slower;
    return slower > 0 ? trial_time(&search->trial, trace, slower)
                      : trial_verify(&search->trial, trace);
}

static enum shrink_verdict test(const struct trace *trace, uint64_t *reached,
                                void *data)
{
    struct search *search = data;
    if (clock_now_ns() - search->start_ns > search->options->budget_ns) {
        search->is_over_budget = true;
        return SHRINK_STOP;
    }
    const struct trial_answer answer = ask(search, trace);
    if (answer.status == RESULT_INTERRUPTED) {
        return SHRINK_STOP;
    }
    const bool is_shown = shows(search, &answer);
    if (is_shown) {
        search->shown = answer;
        search->op_count = trace->header->op_count;
        *reached = answer.reached;
    }
    show_progress(search);
    return is_shown ? SHRINK_SHOWS : SHRINK_GONE;
}

static const char *status_name(enum result_status status)
{
    switch (status) {
    case RESULT_VERIFY_FAILED:
        return "failed";
    case RESULT_CRASHED:
        return "crashed";
    case RESULT_TIMED_OUT:
        return "timed out";
    case RESULT_OUT_OF_MEMORY:
        return "out of memory";
    default:
        return NULL;
    }
}

/* "mine: failed: operation 3: ..." or "mine: 1.62 times the time of glibc". */
static void describe(const struct search *search, char *text, size_t size)
{
    const char *name = search->trial.allocator->name;
    if (search->options->slower > 0) {
        snprintf(text, size, "%s: %s times the time of %s", name,
                 units_number(search->shown.ratio).bytes,
                 search->trial.reference->name);
    } else {
        snprintf(text, size, "%s: %s: %s", name, status_name(search->shown.status),
                 search->shown.text);
    }
}

/* The whole trace does not show it, or not so that it can be told from noise. */
static void refuse_ratio(const struct search *search)
{
    const struct trial_answer *shown = &search->shown;
    fprintf(
        stderr,
        "snugbench: minimize: %s takes %s times the time of %s (median of %u pairs of "
        "runs); in three of four at least %s: ",
        search->trial.allocator->name, units_number(shown->ratio).bytes,
        search->trial.reference->name, shown->pair_count,
        units_number(shown->ratio_quarter).bytes);
    if (shown->ratio_quarter > 1) {
        fprintf(stderr, "ask for a --slower of no more than that\n");
    } else {
        fprintf(stderr,
                "not slower, as far as this machine can tell; take another trace, "
                "or a quieter machine\n");
    }
}

/* What the whole trace shows. -1: go on; else the exit code, and a line says why. */
static int look_first(struct search *search, const struct trace *trace)
{
    const struct options *options = search->options;
    const char *name = search->trial.allocator->name;
    search->shown = ask(search, trace);
    const struct trial_answer *shown = &search->shown;
    if (shown->status == RESULT_INTERRUPTED) {
        return EXIT_INTERRUPTED;
    }
    if (shown->status != RESULT_OK &&
        (options->slower > 0 || status_name(shown->status) == NULL)) {
        fprintf(stderr, "snugbench: minimize: %s cannot be measured on it: %s\n", name,
                shown->text);
        return EXIT_FAILED;
    }
    if (options->slower > 0 && !shown->is_slower) {
        refuse_ratio(search);
        return EXIT_FAILED;
    }
    if (options->slower == 0 && shown->status == RESULT_OK) {
        fprintf(stderr,
                "snugbench: minimize: %s does not fail on it; to find what makes it "
                "slow: --slower RATIO\n",
                name);
        return EXIT_FAILED;
    }
    return -1;
}

static bool write_result(const struct search *search, const struct trace *trace)
{
    char origin[COMMENT_BYTES];
    char finding[COMMENT_BYTES];
    struct trace_error error;
    const struct options *options = search->options;
    snprintf(origin, sizeof origin, "snugbench %s minimize, from %.300s",
             SNUGBENCH_VERSION, options->input);
    describe(search, finding, sizeof finding);
    const char *const comments[] = {origin, finding, NULL};
    if (!trace_write(trace, search->output, comments, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return false;
    }
    fprintf(stderr, "snugbench: %s\nsnugbench: %s: operations: %s; tests: %s in %s\n",
            finding, search->output, units_count(trace->header->op_count).bytes,
            units_count(search->tests).bytes,
            units_clock(clock_seconds_since(search->start_ns)).bytes);
    return true;
}

/* Why the result may be larger than it need be. */
static void tell_of_end(const struct search *search)
{
    if (search->is_over_budget) {
        fprintf(stderr, "snugbench: stopped after --budget; more of it may go\n");
    } else if (signals_interrupted()) {
        fprintf(stderr, "snugbench: interrupted; more of it may go\n");
    }
}

/* What the result shows is measured once more: a search takes what is shown by luck,
 * too. */
static void measure_again(struct search *search, const struct trace *trace)
{
    if (search->options->slower == 0 || signals_interrupted()) {
        return;
    }
    const struct trial_answer answer = ask(search, trace);
    if (answer.status == RESULT_OK) {
        search->shown = answer;
    }
    if (!shows(search, &search->shown)) {
        fprintf(stderr,
                "snugbench: measured once more, the result is below --slower; try "
                "again, or a lower ratio\n");
    }
}

/* Takes the trace over. */
static int minimize(struct search *search, struct trace *trace)
{
    struct trace_error error;
    search->start_ns = clock_now_ns();
    search->op_count = trace->header->op_count;
    search->told_count = search->op_count;
    int code = look_first(search, trace);
    if (code >= 0) {
        trace_destroy(trace);
        return code;
    }
    const bool is_slow = search->options->slower > 0;
    const struct shrink shrink = {.test = test,
                                  .data = search,
                                  .least_ops = is_slow ? SLOW_LEAST_OPS : 1,
                                  .most_parts = is_slow ? SLOW_MOST_PARTS : 0};
    struct trace *least = shrink_trace(&shrink, trace, search->shown.reached, &error);
    if (search->is_terminal) {
        fprintf(stderr, "\r\033[K");
    }
    if (least == NULL) {
        fprintf(stderr, "snugbench: minimize: %s\n", error.text);
        return EXIT_FAILED;
    }
    measure_again(search, least);
    tell_of_end(search);
    code = write_result(search, least) ? EXIT_OK : EXIT_FAILED;
    trace_destroy(least);
    return code == EXIT_OK && signals_interrupted() ? EXIT_INTERRUPTED : code;
}

static int run(const struct options *options, const struct allocator_list *allocators)
{
    struct trace_error error;
    struct trace *trace = trace_read(options->input, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_USAGE;
    }
    if (trace->header->peak_live_bytes > capacity_memory_bytes()) {
        fprintf(stderr, "snugbench: minimize: it needs %s, more than is free here\n",
                units_bytes((double)trace->header->peak_live_bytes).bytes);
        trace_destroy(trace);
        return EXIT_FAILED;
    }
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.300s-min.rep", trace->name);
    struct search search = {
        .options = options,
        .output = options->output != NULL ? options->output : path,
        .trial = {.allocator = &allocators->items[0],
                  .reference = &allocators->items[allocators->count - 1],
                  .timeout_ns = options->timeout_ns,
                  .rng = rng_create(rng_fresh_seed())},
        .is_terminal = isatty(STDERR_FILENO) == 1,
    };
    struct report_error output_error;
    if (!output_check(search.output, &output_error)) {
        fprintf(stderr, "snugbench: %s\n", output_error.text);
        trace_destroy(trace);
        return EXIT_USAGE;
    }
    signals_hold();
    return minimize(&search, trace);
}

int cli_minimize(int argc, char **argv)
{
    struct options options = {.budget_ns = 600ull * NS_PER_SECOND};
    int code = parse_options(argc, argv, &options);
    if (code < 0) {
        struct allocator_list allocators;
        struct allocator_error error;
        if (options.slower > 0) {
            options_list_add(&options.allocators, options.reference);
        }
        if (allocators_parse(&allocators, options.allocators.items,
                             options.allocators.count, &error)) {
            code = run(&options, &allocators);
            allocators_free(&allocators);
        } else {
            fprintf(stderr, "snugbench: %s\n", error.text);
            code = EXIT_USAGE;
        }
    }
    free(options.allocators.items);
    return code;
}
