/* snugbench doctor: what disturbs measuring on this machine, and what to do. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/summary.h"
#include "cli/cli.h"
#include "cli/proof.h"
#include "runner/dice.h"
#include "runner/doctor.h"
#include "runner/schedule.h"

enum {
    DEFAULT_REPETITIONS = 2,
    MAX_REPETITIONS = 10000,
    OPTION_REPETITIONS = 256,
    OPTION_SEED,
    OPTION_AA,
    OPTION_JSON,
};

struct doctor_options {
    bool help;
    bool json;
    bool proves;
    struct proof_options proof;
};

static void print_help(void)
{
    printf(
        "usage: snugbench doctor [--json]\n"
        "       snugbench doctor --aa [OPTIONS] [TRACE...]\n\n"
        "What disturbs measuring on this machine: a line for each thing looked at,\n"
        "with what to do about it.\n\n"
        "  ok    it does not disturb\n"
        "  note  good to know; figures stand\n"
        "  warn  figures suffer\n"
        "  stop  nothing can be measured\n\n"
        "      --json             the same as a JSON array\n"
        "\nthe proof of the statistics on this machine:\n"
        "      --aa               race glibc against a copy of itself, and the floor\n"
        "                         against copies of itself, one equal and three "
        "slower\n"
        "                         by 1, 2 and 5 %%, over TRACE... (default: those "
        "that\n"
        "                         come with snugbench; if there are none, one of each\n"
        "                         model of 'generate'); count the false verdicts and "
        "the\n"
        "                         differences found, against what is stated\n"
        "      --repetitions N    runs to judge, a verdict for each trace in each\n"
        "                         (default: %d; 20 for the full proof)\n"
        "  -r, --runs N           rounds in each (default: %" PRIu32 ")\n"
        "      --seed N           order of the rounds (default: a new one, shown)\n"
        "  -h, --help             this text\n\n"
        "Exit code: 0; 1 if something makes measuring impossible, or the proof fails;\n"
        "2 bad usage or a bad trace; 130 interrupted.\n\n"
        "examples:\n"
        "  snugbench doctor\n"
        "  snugbench doctor | grep -v ^ok\n"
        "  snugbench doctor --aa\n"
        "  snugbench doctor --aa --repetitions 20 -r 10 app.rep.zst\n",
        DEFAULT_REPETITIONS, schedule_defaults.min_rounds);
}

static const struct option long_options[] = {
    {"aa", no_argument, NULL, OPTION_AA},
    {"repetitions", required_argument, NULL, OPTION_REPETITIONS},
    {"runs", required_argument, NULL, 'r'},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool complain(const char *what, const char *which)
{
    fprintf(stderr, "snugbench: %s '%s'; see 'doctor --help'\n", what, which);
    return false;
}

static bool parse_number(const char *text, uint64_t least, uint64_t most,
                         uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
           *number >= least && *number <= most;
}

static bool parse_option(struct doctor_options *options, int option, const char *text)
{
    uint64_t number;
    switch (option) {
    case OPTION_AA:
        options->proves = true;
        return true;
    case OPTION_JSON:
        options->json = true;
        return true;
    case OPTION_REPETITIONS:
        if (!parse_number(text, 1, MAX_REPETITIONS, &number)) {
            return complain("--repetitions takes a number from 1 to 10000, not", text);
        }
        options->proof.repetitions = (uint32_t)number;
        return true;
    case 'r':
        if (!parse_number(text, SUMMARY_VERDICT_ROUNDS, MAX_REPETITIONS, &number)) {
            return complain("--runs takes a number from 5 to 10000, as fewer give no "
                            "verdict, not",
                            text);
        }
        options->proof.rounds = (uint32_t)number;
        return true;
    default:
        return parse_number(text, 0, INT64_MAX, &options->proof.seed) ||
               complain("--seed takes a whole number below 2^63, not", text);
    }
}

static bool parse_options(struct doctor_options *options, int argc, char **argv)
{
    *options = (struct doctor_options){
        .proof = {.repetitions = DEFAULT_REPETITIONS,
                  .rounds = schedule_defaults.min_rounds,
                  .seed = dice_fresh_seed()},
    };
    optind = 0;
    opterr = 0;
    for (int option;
         (option = getopt_long(argc, argv, ":r:h", long_options, NULL)) != -1;) {
        if (option == 'h') {
            options->help = true;
            return true;
        }
        if (option == '?' || option == ':') {
            return complain(option == ':' ? "a value is missing after"
                                          : "there is no option",
                            argv[optind - 1]);
        }
        if (!parse_option(options, option, optarg)) {
            return false;
        }
    }
    options->proof.traces = (const char *const *)argv + optind;
    options->proof.trace_count = (size_t)(argc - optind);
    return options->proves || optind == argc ||
           complain("only --aa takes a trace, here", argv[optind]);
}

static const char *level_name(enum finding_level level)
{
    static const char *const names[] = {
        [FINDING_OK] = "ok",
        [FINDING_NOTE] = "note",
        [FINDING_WARN] = "warn",
        [FINDING_STOP] = "stop",
    };
    return names[level];
}

static const char *remedy_of(const struct finding *finding)
{
    return finding->remedy != NULL ? finding->remedy
                                   : warning_find(finding->id)->remedy;
}

static void print_finding(const struct finding *finding)
{
    char text[512];
    const char *remedy = remedy_of(finding);
    const char *shown = finding->found;
    if (finding->level == FINDING_OK) {
        remedy = NULL;
    } else {
        warning_format(finding->id, finding->found, text, sizeof text);
        shown = text;
    }
    printf("%-4s  %-15s  %s%s%s\n", level_name(finding->level),
           warning_find(finding->id)->name, shown, remedy != NULL ? "; " : "",
           remedy != NULL ? remedy : "");
}

static bool print_json(const struct findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        json_t *object = json_object();
        json_object_set_new(object, "level", json_string(level_name(finding->level)));
        json_object_set_new(object, "name",
                            json_string(warning_find(finding->id)->name));
        json_object_set_new(object, "found", json_string(finding->found));
        if (finding->level != FINDING_OK) {
            char text[512];
            warning_format(finding->id, finding->found, text, sizeof text);
            json_object_set_new(object, "text", json_string(text));
            json_object_set_new(object, "remedy", json_string(remedy_of(finding)));
        }
        json_array_append_new(list, object);
    }
    const bool written = list != NULL &&
                         json_dumpf(list, stdout, JSON_INDENT(2)) == 0 &&
                         putchar('\n') != EOF;
    json_decref(list);
    return written;
}

static int examine(bool json)
{
    struct findings findings = doctor_examine();
    bool written = true;
    bool is_stopped = false;
    if (json) {
        written = print_json(&findings);
    }
    for (size_t i = 0; i < findings.count; i++) {
        is_stopped = is_stopped || findings.items[i].level == FINDING_STOP;
        if (!json) {
            print_finding(&findings.items[i]);
        }
    }
    findings_free(&findings);
    if (fflush(stdout) != 0 || ferror(stdout) || !written) {
        fprintf(stderr, "snugbench: cannot write the findings: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return is_stopped ? EXIT_FAILED : EXIT_OK;
}

int cli_doctor(int argc, char **argv)
{
    struct doctor_options options;
    if (!parse_options(&options, argc, argv)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        print_help();
        return EXIT_OK;
    }
    return options.proves ? proof_run(&options.proof) : examine(options.json);
}
