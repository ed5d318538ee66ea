#include "cli/replay_options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/dice.h"
#include "runner/mode.h"
#include "runner/run.h"

enum {
    MAX_RUNS = 10000
};

static const double ns_per_second = 1e9;
static const double max_seconds = 1e6;

static void print_help(void)
{
    const struct schedule_options *defaults = &schedule_defaults;
    printf(
        "usage: snugbench replay [OPTIONS] TRACE...\n\n"
        "Replay traces under several allocators, each in fresh processes: check that\n"
        "they are correct, then measure time, memory and system calls. A table goes "
        "to\n"
        "stdout, progress to stderr. TRACE is a file from 'snugbench record' or any\n"
        "other that it can read, compressed or not; '-' is standard input.\n\n"
        "what is compared:\n"
        "  -a, --allocator NAME[=LIBRARY.so], NAME=mm.c\n"
        "                         repeat for several; 'snugbench list' shows the "
        "known\n"
        "                         names (default: all that are installed, but for\n"
        "                         scudo); the floor, the price of replaying itself,\n"
        "                         always runs too. Source that ends in .c is that of "
        "a\n"
        "                         course's malloc lab (mm_init, mm_malloc, mm_free,\n"
        "                         mm_realloc over mem_sbrk): it is compiled with cc, "
        "or\n"
        "                         $CC, into a library\n"
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
        "      --timeout SECONDS  for one process (default: %g)\n"
        "\nwhat is measured:\n"
        "      --passes LIST      of %s (default: all)\n"
        "      --touch HOW        what is written to fresh blocks in warm passes that\n"
        "                         are timed: none, first (byte), page (a byte in\n"
        "                         each), all (default: first)\n"
        "      --cold-touch HOW   the same in cold passes (default: page)\n"
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
        "                         latency.csv and the environment, for charts\n"
        "      --export-csv FILE  the summary alone; '-': to stdout, the table to "
        "stderr\n"
        "  -h, --help             this text\n\n"
        "Workers get a small fixed environment: settings such as MALLOC_CONF do not\n"
        "reach them. Ctrl-C ends early and still shows and writes what was measured.\n"
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
        (double)defaults->timeout_ns / ns_per_second, mode_pass_names(),
        summary_defaults.warm_effect * 100, summary_defaults.cold_effect * 100);
}

enum long_option {
    OPTION_REFERENCE = 256,
    OPTION_BUDGET,
    OPTION_TIMEOUT,
    OPTION_PASSES,
    OPTION_TOUCH,
    OPTION_COLD_TOUCH,
    OPTION_WARM_EFFECT,
    OPTION_COLD_EFFECT,
    OPTION_SEED,
    OPTION_EXPORT_CSV,
    OPTION_MDRIVER,
};

static const struct option long_options[] = {
    {"allocator", required_argument, NULL, 'a'},
    {"runs", required_argument, NULL, 'r'},
    {"min-runs", required_argument, NULL, 'm'},
    {"max-runs", required_argument, NULL, 'M'},
    {"warm-passes", required_argument, NULL, 'w'},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {"reference", required_argument, NULL, OPTION_REFERENCE},
    {"budget", required_argument, NULL, OPTION_BUDGET},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"passes", required_argument, NULL, OPTION_PASSES},
    {"touch", required_argument, NULL, OPTION_TOUCH},
    {"cold-touch", required_argument, NULL, OPTION_COLD_TOUCH},
    {"warm-effect", required_argument, NULL, OPTION_WARM_EFFECT},
    {"cold-effect", required_argument, NULL, OPTION_COLD_EFFECT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"export-csv", required_argument, NULL, OPTION_EXPORT_CSV},
    {"mdriver", no_argument, NULL, OPTION_MDRIVER},
    {NULL, 0, NULL, 0},
};

static bool complain(const char *option, const char *text, const char *expected)
{
    fprintf(stderr, "snugbench: %s takes %s, not '%s'; see 'replay --help'\n", option,
            expected, text);
    return false;
}

/* What getopt_long did not take; `word` is the long option. */
static void complain_option(bool is_value_missing, const char *word)
{
    char short_option[3] = {'-', (char)optopt, '\0'};
    bool is_short = optopt > 0 && optopt < 256;
    fprintf(stderr, "snugbench: %s '%s'; see 'replay --help'\n",
            is_value_missing ? "a value is missing after" : "there is no option",
            is_short ? short_option : word);
}

static bool parse_whole(const char *text, uint64_t limit, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
           *value <= limit;
}

static bool parse_count(const char *option, const char *text, uint32_t limit,
                        uint32_t *count)
{
    uint64_t value;
    char expected[64];
    snprintf(expected, sizeof expected, "a number from 1 to %" PRIu32, limit);
    if (!parse_whole(text, limit, &value) || value == 0) {
        return complain(option, text, expected);
    }
    *count = (uint32_t)value;
    return true;
}

static bool parse_real(const char *text, double least, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && *value >= least &&
           *value <= most;
}

static bool parse_seconds(const char *option, const char *text, double least,
                          uint64_t *ns)
{
    double seconds;
    if (!parse_real(text, least, max_seconds, &seconds)) {
        return complain(option, text, "a number of seconds");
    }
    *ns = (uint64_t)(seconds * ns_per_second);
    return true;
}

static bool parse_percent(const char *option, const char *text, double *share)
{
    double percent;
    if (!parse_real(text, 0, 100, &percent)) {
        return complain(option, text, "a percentage from 0 to 100");
    }
    *share = percent / 100;
    return true;
}

static bool parse_touch(const char *option, const char *text, enum worker_touch *touch)
{
    static const char *const names[] = {
        [TOUCH_NONE] = "none",
        [TOUCH_FIRST] = "first",
        [TOUCH_PAGE] = "page",
        [TOUCH_ALL] = "all",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], text) == 0) {
            *touch = (enum worker_touch)i;
            return true;
        }
    }
    return complain(option, text, "none, first, page or all");
}

static bool parse_passes(const char *text, unsigned *modes)
{
    *modes = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        unsigned pass = mode_set_of_pass(at, length);
        if (pass == 0) {
            char expected[160];
            snprintf(expected, sizeof expected, "a list out of %s", mode_pass_names());
            return complain("--passes", text, expected);
        }
        *modes |= pass;
        at += length;
        if (*at == '\0') {
            return true;
        }
    }
}

/* What belongs to the schedule. */
static bool parse_schedule_option(struct schedule_options *schedule, int option,
                                  const char *text)
{
    switch (option) {
    case 'r':
        if (!parse_count("--runs", text, MAX_RUNS, &schedule->min_rounds)) {
            return false;
        }
        schedule->max_rounds = schedule->min_rounds;
        return true;
    case 'm':
        return parse_count("--min-runs", text, MAX_RUNS, &schedule->min_rounds);
    case 'M':
        return parse_count("--max-runs", text, MAX_RUNS, &schedule->max_rounds);
    case 'w':
        return parse_count("--warm-passes", text, WORKER_MAX_PASSES,
                           &schedule->warm_min_passes);
    case OPTION_BUDGET:
        return parse_seconds("--budget", text, 0, &schedule->budget_ns);
    case OPTION_TIMEOUT:
        return parse_seconds("--timeout", text, 0.01, &schedule->timeout_ns);
    case OPTION_PASSES:
        return parse_passes(text, &schedule->modes);
    default:
        return false;
    }
}

static bool parse_option(struct replay_options *options, int option, const char *text)
{
    switch (option) {
    case 'a':
        options->allocators[options->allocator_count++] = text;
        return true;
    case 'o':
        options->directory = text;
        return true;
    case OPTION_EXPORT_CSV:
        options->csv_path = text;
        return true;
    case OPTION_MDRIVER:
        options->is_mdriver = true;
        return true;
    case OPTION_REFERENCE:
        options->reference = text;
        return true;
    case OPTION_TOUCH:
        return parse_touch("--touch", text, &options->warm_touch);
    case OPTION_COLD_TOUCH:
        return parse_touch("--cold-touch", text, &options->cold_touch);
    case OPTION_WARM_EFFECT:
        return parse_percent("--warm-effect", text, &options->summary.warm_effect);
    case OPTION_COLD_EFFECT:
        return parse_percent("--cold-effect", text, &options->summary.cold_effect);
    case OPTION_SEED:
        return parse_whole(text, INT64_MAX, &options->seed) ||
               complain("--seed", text, "a whole number below 2^63");
    default:
        return parse_schedule_option(&options->schedule, option, text);
    }
}

/* The course's table has libc in it, and says what is valid. */
static bool complete_mdriver(struct replay_options *options)
{
    if ((options->schedule.modes & 1u << WORKER_VERIFY) == 0) {
        fprintf(stderr, "snugbench: --mdriver needs the verify pass; add it to "
                        "--passes\n");
        return false;
    }
    size_t i = 0;
    while (i < options->allocator_count &&
           strcmp(options->allocators[i], "glibc") != 0) {
        i++;
    }
    /* Without -a all known ones run. There is room: --mdriver is an argument, too. */
    if (options->allocator_count > 0 && i == options->allocator_count) {
        options->allocators[options->allocator_count++] = "glibc";
    }
    return true;
}

/* Options that contradict each other, and what is missing. */
static bool check_whole(struct replay_options *options, bool has_min, bool has_max)
{
    struct schedule_options *schedule = &options->schedule;
    if (schedule->min_rounds > schedule->max_rounds) {
        /* One was given, the other is a default that makes way. */
        if (has_min && !has_max) {
            schedule->max_rounds = schedule->min_rounds;
        } else if (has_max && !has_min) {
            schedule->min_rounds = schedule->max_rounds;
        } else {
            fprintf(stderr, "snugbench: --min-runs is above --max-runs\n");
            return false;
        }
    }
    if (options->trace_count == 0) {
        fprintf(stderr, "snugbench: which trace? 'replay TRACE...'; 'snugbench record' "
                        "makes one, '-' is standard input\n");
        return false;
    }
    for (size_t i = 0, streams = 0; i < options->trace_count; i++) {
        streams += strcmp(options->traces[i], "-") == 0;
        if (streams > 1) {
            fprintf(stderr, "snugbench: standard input ('-') can be read only once\n");
            return false;
        }
    }
    return !options->is_mdriver || complete_mdriver(options);
}

enum replay_request replay_options_parse(struct replay_options *options, int argc,
                                         char **argv)
{
    *options = (struct replay_options){
        .allocators = run_allocate((size_t)argc, sizeof *options->allocators),
        .traces = run_allocate((size_t)argc, sizeof *options->traces),
        .cold_touch = TOUCH_PAGE,
        .warm_touch = TOUCH_FIRST,
        .seed = dice_fresh_seed(),
        .schedule = schedule_defaults,
        .summary = summary_defaults,
    };
    bool has_min = false;
    bool has_max = false;
    int option;
    optind = 0;
    opterr = 0; /* its lines do not begin as ours do */
    while ((option = getopt_long(argc, argv, ":a:r:m:M:w:o:h", long_options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help();
            return REPLAY_HELP;
        }
        if (option == '?' || option == ':') {
            complain_option(option == ':', argv[optind - 1]);
            return REPLAY_USAGE;
        }
        if (!parse_option(options, option, optarg)) {
            return REPLAY_USAGE;
        }
        has_min = has_min || option == 'm' || option == 'r';
        has_max = has_max || option == 'M' || option == 'r';
    }
    while (optind < argc) {
        options->traces[options->trace_count++] = argv[optind++];
    }
    return check_whole(options, has_min, has_max) ? REPLAY_RUN : REPLAY_USAGE;
}

void replay_options_free(struct replay_options *options)
{
    free(options->allocators);
    free(options->traces);
}
