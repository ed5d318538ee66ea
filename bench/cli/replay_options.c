#include "cli/replay_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "runner/job.h"
#include "runner/mode.h"
#include "runner/rng.h"

enum {
    MAX_RUNS = 10000
};

static const double ns_per_second = 1e9;

static void print_help(void)
{
    const struct schedule_options *defaults = &schedule_defaults;
    printf(
        "usage: snugbench replay [OPTIONS] TRACE...\n\n"
        "Replay traces under several allocators, each in fresh processes: check that\n"
        "they are correct, then measure time, memory and system calls. A table for "
        "each\n"
        "goes to stdout, progress to stderr; 'snugbench compare TRACE...' answers for "
        "all\n"
        "of them in words. TRACE is a file from 'snugbench record' or any other that "
        "it\n"
        "can read, compressed or not; '-' is standard input.\n\n"
        "what is compared:\n"
        "  -a, --allocator NAME[=LIBRARY][,VARIABLE=VALUE...]\n"
        "                         repeat for several. LIBRARY is a file or a name of\n"
        "                         'snugbench list' (default: all that are installed\n"
        "                         but scudo); the floor, the price of replaying "
        "itself,\n"
        "                         always runs too. Source that ends in .c is that of "
        "a\n"
        "                         course's malloc lab (mm_init, mm_malloc, mm_free,\n"
        "                         mm_realloc over mem_sbrk): it is compiled with cc, "
        "or\n"
        "                         $CC, into a library. A path with a slash may stand\n"
        "                         alone: -a ./libmine.so is -a mine=./libmine.so\n"
        "      --reference NAME   ratios are against this one (default: glibc)\n"
        "\nhow long:\n"
        "  -r, --runs N           exactly N rounds (cold and warm process of each)\n"
        "  -m, --min-runs N       at least N rounds (default: %" PRIu32 ")\n"
        "  -M, --max-runs N       at most N rounds (default: %" PRIu32 ")\n"
        "      --budget SECONDS   for the timed rounds of a trace, beyond the least\n"
        "                         number of rounds (default: %g)\n"
        "  -w, --warm-passes N    timed passes in a warm process, at least, after\n"
        "                         those that warm up and are not timed; the quickest\n"
        "                         counts (default: %" PRIu32 ")\n"
        "      --timeout SECONDS  for one process (default: %d, and one more for each\n"
        "                         %d,000 operations)\n"
        "\nwhat is measured:\n"
        "      --passes LIST      of %s\n"
        "                         (default: all)\n"
        "      --callgrind        count instructions, too, the same number in each "
        "run:\n"
        "                         by valgrind, which takes some 10 us an operation\n"
        "      --touch HOW        what is written to fresh blocks in warm passes that\n"
        "                         are timed: none, first (byte), page (a byte in\n"
        "                         each), all (default: first)\n"
        "      --cold-touch HOW   the same in cold passes (default: page)\n"
        "      --threads HOW      recorded: threads of a trace as they were, each "
        "waiting\n"
        "                         only for blocks that another passes to it; flat: "
        "one\n"
        "                         thread does the operations of all (default: "
        "recorded)\n"
        "      --warm-effect PCT  smaller differences are none (default: %g)\n"
        "      --cold-effect PCT  the same for cold passes (default: %g)\n"
        "      --seed N           order of the rounds (default: a new one, shown)\n"
        "\nwhat is shown:\n"
        "      --mdriver          what a malloc lab's driver prints, with libc in it:\n"
        "                         valid, util, ops, secs, Kops of each trace, and the\n"
        "                         performance index 100 x (0.6 U + 0.4 min(1, T / T "
        "of\n"
        "                         libc)), U the mean of util, T operations by seconds\n"
        "\nwhat is kept:\n"
        "  -o, --output DIR       summary.csv, samples.csv, timeline.csv, "
        "syscalls.csv,\n"
        "                         latency.csv and the environment, and the answer:\n"
        "                         answer.txt, compare.json, verdicts.txt;\n"
        "                         'snugbench report DIR' shows them\n"
        "      --export-csv FILE  the summary alone; '-': to stdout, the table to "
        "stderr\n"
        "  -h, --help             this text\n\n"
        "Workers get a small fixed environment: settings such as MALLOC_CONF reach "
        "them\n"
        "by -a alone. Ctrl-C ends early and still shows and writes what was measured.\n"
        "Exit code: 0 all is well; 1 a row failed, or a file could not be written;\n"
        "2 bad usage, a bad trace, or no place for the output, as when another run "
        "has\n"
        "DIR: nothing was measured; 130 interrupted.\n\n"
        "examples:\n"
        "  snugbench replay app.rep.zst -a snug -a glibc\n"
        "  snugbench replay traces/*.rep.zst -a glibc -a mine=./libmine.so "
        "--export-csv out.csv\n"
        "  snugbench replay app.rep.zst -r 30 -o results/app\n"
        "  snugbench replay --mdriver -a lab=./mm.c traces/*.rep\n"
        "  zcat app.rep.gz | snugbench replay - --passes verify,memory\n",
        defaults->min_rounds, defaults->max_rounds,
        (double)defaults->budget_ns / ns_per_second, defaults->warm_min_passes,
        SCHEDULE_PATIENCE_S, JOB_OPS_A_SECOND / 1000, mode_pass_names(),
        summary_defaults.warm_effect * 100, summary_defaults.cold_effect * 100);
}

static int check_traces(const struct options_command *command,
                        const struct replay_options *options)
{
    if (options->trace_count == 0) {
        fprintf(stderr, "snugbench: which trace? 'replay TRACE...'; 'snugbench record' "
                        "makes one, '-' is standard input\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0, streams = 0; i < options->trace_count; i++) {
        streams += strcmp(options->traces[i], "-") == 0;
        if (streams > 1) {
            return options_complain(command,
                                    "standard input ('-') can be read only once");
        }
    }
    return -1;
}

/* The course's table has libc in it, and says what is valid. */
static int complete_mdriver(const struct options_command *command,
                            struct replay_options *options)
{
    struct options_list *allocators = &options->allocators;
    if ((options->schedule.modes & 1u << WORKER_VERIFY) == 0) {
        return options_complain(command,
                                "--mdriver needs the verify pass; add it to --passes");
    }
    size_t i = 0;
    while (i < allocators->count && strcmp(allocators->items[i], "glibc") != 0) {
        i++;
    }
    /* Without -a all known ones run. */
    if (allocators->count > 0 && i == allocators->count) {
        options_list_add(allocators, "glibc");
    }
    return -1;
}

static const char *const thread_names[] = {"recorded", "flat", NULL};

static const char *const touch_names[] = {
    [TOUCH_NONE] = "none",
    [TOUCH_FIRST] = "first",
    [TOUCH_PAGE] = "page",
    [TOUCH_ALL] = "all",
    NULL,
};

/* Words after commas, each a pass of some modes. */
static bool take_passes(const struct options_row *row, const char *text, char *expected,
                        size_t size)
{
    unsigned modes = 0;
    snprintf(expected, size, "a list out of %s", mode_pass_names());
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        const unsigned pass = mode_set_of_pass(at, length);
        if (pass == 0) {
            return false;
        }
        modes |= pass;
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    *(unsigned *)row->target = modes;
    return true;
}

struct replay_options replay_options_defaults(void)
{
    return (struct replay_options){
        .cold_touch = TOUCH_PAGE,
        .warm_touch = TOUCH_FIRST,
        .seed = rng_fresh_seed(),
        .schedule = schedule_defaults,
        .summary = summary_defaults,
    };
}

int replay_options_parse(struct replay_options *options, int argc, char **argv)
{
    *options = replay_options_defaults();
    struct schedule_options *schedule = &options->schedule;
    struct options_rounds rounds = {.least = 0};
    unsigned threads = 0; /* in thread_names */
    const struct options_row rows[] = {
        {'a', "allocator", options_append, .target = &options->allocators},
        {0, "reference", options_text, .target = &options->reference},
        {'r', "runs", options_runs, .target = &rounds, .from = 1, .to = MAX_RUNS},
        {'m', "min-runs", options_count, .target = &rounds.least, .from = 1,
         .to = MAX_RUNS},
        {'M', "max-runs", options_count, .target = &rounds.most, .from = 1,
         .to = MAX_RUNS},
        {0, "budget", options_seconds, .target = &schedule->budget_ns},
        {'w', "warm-passes", options_count, .target = &schedule->warm_min_passes,
         .from = 1, .to = WORKER_MAX_PASSES},
        {0, "timeout", options_seconds, .target = &schedule->timeout_ns, .least = 0.01},
        {0, "passes", take_passes, .target = &schedule->modes},
        {0, "callgrind", options_flag, .target = &options->uses_callgrind},
        {0, "touch", options_choice, .target = &options->warm_touch,
         .choices = touch_names},
        {0, "cold-touch", options_choice, .target = &options->cold_touch,
         .choices = touch_names},
        {0, "threads", options_choice, .target = &threads, .choices = thread_names},
        {0, "warm-effect", options_percent, .target = &options->summary.warm_effect},
        {0, "cold-effect", options_percent, .target = &options->summary.cold_effect},
        {0, "seed", options_whole, .target = &options->seed,
         .expected = "a whole number below 2^63", .to = INT64_MAX},
        {0, "mdriver", options_flag, .target = &options->is_mdriver},
        {'o', "output", options_text, .target = &options->directory},
        {0, "export-csv", options_text, .target = &options->csv_path},
    };
    const struct options_command command = {"replay", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (options->uses_callgrind) {
        schedule->modes |= MODE_SET_CALLGRIND;
    }
    schedule->is_flat = threads != 0;
    options->traces = argv + first;
    options->trace_count = (size_t)(argc - first);
    if (!options_settle_rounds(rounds, &schedule->min_rounds, &schedule->max_rounds)) {
        char text[80];
        options_explain_rounds(rounds, text, sizeof text);
        return options_complain(&command, "%s", text);
    }
    const int checked = check_traces(&command, options);
    return checked < 0 && options->is_mdriver ? complete_mdriver(&command, options)
                                              : checked;
}

void replay_options_free(struct replay_options *options)
{
    free(options->allocators.items);
}
