/* snugbench doctor: what disturbs measuring on this machine, and what to do. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/summary.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/proof.h"
#include "runner/doctor.h"
#include "runner/rng.h"
#include "runner/schedule.h"

enum {
    DEFAULT_REPETITIONS = 2,
    MAX_REPETITIONS = 10000,
};

struct doctor_options {
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

/* -1, or the exit code. */
static int parse_options(struct doctor_options *options, int argc, char **argv)
{
    struct proof_options *proof = &options->proof;
    const struct options_row rows[] = {
        {0, "aa", options_flag, .target = &options->proves},
        {0, "json", options_flag, .target = &options->json},
        {0, "repetitions", options_count, .target = &proof->repetitions, .from = 1,
         .to = MAX_REPETITIONS},
        {'r', "runs", options_count, .target = &proof->rounds,
         .from = SUMMARY_VERDICT_ROUNDS, .to = MAX_REPETITIONS,
         .expected = "a number from 5 to 10000, as fewer give no verdict"},
        {0, "seed", options_whole, .target = &proof->seed,
         .expected = "a whole number below 2^63", .to = INT64_MAX},
    };
    const struct options_command command = {"doctor", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    proof->traces = (const char *const *)argv + first;
    proof->trace_count = (size_t)(argc - first);
    return options->proves || first == argc
               ? -1
               : options_complain(&command, "only --aa takes a trace, here '%s'",
                                  argv[first]);
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
    struct doctor_options options = {
        .proof = {.repetitions = DEFAULT_REPETITIONS,
                  .rounds = schedule_defaults.min_rounds,
                  .seed = rng_fresh_seed()},
    };
    const int code = parse_options(&options, argc, argv);
    if (code >= 0) {
        return code;
    }
    return options.proves ? proof_run(&options.proof) : examine(options.json);
}
