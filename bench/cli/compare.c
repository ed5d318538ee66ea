/* snugbench compare: one program as it is, or traces, under every allocator. */
#include "cli/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/compare.h"
#include "cli/candidates.h"
#include "cli/cli.h"
#include "cli/compare_replay.h"
#include "cli/compare_traces.h"
#include "live/metric.h"
#include "live/rounds.h"
#include "process/clock.h"
#include "process/program.h"
#include "process/signals.h"
#include "report/answer.h"
#include "report/compare.h"
#include "report/output.h"
#include "report/results.h"

/* Of the budget, for recording and replaying. */
static const double replay_share = 0.125;

static bool complain(const char *text)
{
    fprintf(stderr, "snugbench: %s\n", text);
    return false;
}

/* What may have been meant by what cannot be run. */
static const char *hint_of(const char *name)
{
    struct stat status;
    if (stat(name, &status) == 0) {
        return !S_ISREG(status.st_mode) ? ""
               : access(name, X_OK) == 0
                   ? "; what is in this folder is written with ./ before its name"
                   : "; a trace is compared without the '--', a script wants chmod +x";
    }
    return strpbrk(name, " |;&<>") != NULL
               ? "; a line for a shell is written: sh -c 'LINE'"
               : "";
}

/* Before anything is measured: whether the program is there and can be preloaded into.
 */
static bool check_program(const char *name)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    if (name[0] == '\0') {
        return complain("the program's name is empty");
    }
    if (!program_locate(name, path)) {
        const int reason = errno;
        fprintf(stderr, "snugbench: cannot run '%s': %s%s\n", name, strerror(reason),
                hint_of(name));
        return false;
    }
    program_resolve(path, real);
    const enum program_kind kind = program_judge(real);
    /* A file that is neither ELF nor "#!" goes to sh. */
    if (kind == PROGRAM_DYNAMIC || kind == PROGRAM_UNKNOWN) {
        return true;
    }
    fprintf(stderr, "snugbench: '%s' %s\n", real, program_kind_text(kind));
    return false;
}

/* Settings of allocators that reach every run, perhaps unseen: a debug level that is
 * exported for another purpose makes its allocator slow here. */
static void warn_of_settings(void)
{
    static const char *const beginnings[] = {
        "SNUG_",     "MALLOC_",     "GLIBC_TUNABLES=", "MIMALLOC_",
        "TCMALLOC_", "TBB_MALLOC_", "SCUDO_OPTIONS="};
    for (char **variable = environ; *variable != NULL; variable++) {
        for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
            if (strncmp(*variable, beginnings[i], strlen(beginnings[i])) == 0) {
                fprintf(
                    stderr,
                    "snugbench: %.*s is set here, and so in every run; unset it, or "
                    "give it to one allocator by -a NAME=LIBRARY,VARIABLE=VALUE\n",
                    (int)strcspn(*variable, "="), *variable);
            }
        }
    }
}

static bool check_tools(const struct compare_options *options)
{
    char path[PATH_MAX];
    if (strchr(options->live.command[0], '=') != NULL) {
        return complain(
            "a program with '=' in its name cannot be run through env; rename "
            "it or make a link");
    }
    return options->live.is_server || program_locate("hyperfine", path) ||
           complain(
               "hyperfine, which times the runs, is missing; apt install hyperfine");
}

static bool find_reference(struct study *study, const char *wanted)
{
    const char *name = wanted != NULL ? wanted : "glibc";
    study->reference_index = 0;
    for (size_t i = 0; i < study->count; i++) {
        if (strcmp(study->candidates[i].name, name) == 0) {
            study->reference_index = i;
            return true;
        }
    }
    if (wanted != NULL) {
        fprintf(
            stderr,
            "snugbench: the reference is not among the allocators: '%s'; add -a %s\n",
            wanted, wanted);
    }
    return wanted == NULL;
}

static size_t living(const struct study *study)
{
    size_t count = 0;
    for (size_t i = 0; i < study->count; i++) {
        count += !study->candidates[i].failed;
    }
    return count;
}

/* Whether there is reason for one more round, and leave. */
static bool goes_on(const struct rounds *rounds, const struct compare_options *options)
{
    const struct study *study = rounds->study;
    if (signals_interrupted() || living(study) == 0 ||
        study->round_count >= options->live.max_rounds) {
        return false;
    }
    return study->round_count < options->live.min_rounds ||
           (rounds_have_time(rounds, 1) && !compare_is_decided(study, options->effect));
}

static bool has_fixed_rounds(const struct live_options *live)
{
    return live->min_rounds == live->max_rounds;
}

/* Once the warm-up has told how long a run takes: what is kept for recording and
 * replaying, and how often the budget allows to look at memory. */
static void share_budget(struct live_options *live, const struct rounds *rounds,
                         bool is_recorded)
{
    live->kept_s =
        is_recorded ? replay_share * live->budget_s + rounds->study->run_s : 0;
    while (live->memory_rounds > 1 && !has_fixed_rounds(live) &&
           !rounds_have_time(rounds, live->min_rounds + live->memory_rounds - 1)) {
        live->memory_rounds--;
    }
}

/* What recording and replaying may take: what the rounds have left, and at least the
 * same share of what those took. */
static double seconds_for_replay(const struct rounds *rounds)
{
    const double spent_s = clock_seconds_since(rounds->start_ns);
    return fmax(rounds->options->budget_s - spent_s, replay_share * spent_s);
}

/* The recording is left out where there is nothing to explain. */
bool compare_measure(struct study *study, const struct compare_options *options,
                     struct recorded *recorded)
{
    struct rounds rounds;
    struct live_options live = options->live;
    const bool is_recorded = recorded != NULL && !options->leaves_out_replay;
    study->budget_s = has_fixed_rounds(&live) ? 0 : live.budget_s;
    study->least_rounds = live.min_rounds;
    if (!rounds_begin(&rounds, study, &live)) {
        return complain(rounds.error);
    }
    fprintf(stderr, "snugbench: allocators: %zu, seed: %" PRIu64, study->count,
            study->seed);
    if (has_fixed_rounds(&live)) {
        fprintf(stderr, ", rounds: %" PRIu32 "\n", live.max_rounds);
    } else {
        fprintf(stderr, ", budget: %g s\n", live.budget_s);
    }
    rounds_warm_up(&rounds);
    share_budget(&live, &rounds, is_recorded);
    while (goes_on(&rounds, options)) {
        rounds_next(&rounds);
    }
    if (is_recorded && !signals_interrupted() && living(study) > 0) {
        compare_record(recorded, &rounds, seconds_for_replay(&rounds));
    }
    rounds_end(&rounds);
    return true;
}

bool compare_begin(struct study *study, const struct compare_options *options)
{
    struct allocator_error error;
    *study = (struct study){
        .command = (char **)(uintptr_t)options->live.command,
        .ready = options->live.server.ready,
        .load = options->live.server.load,
        .seed = options->seed,
        .is_server = options->live.is_server,
        .has_input = options->live.input != NULL,
        .metric = options->metric_text,
        .larger_is_better = options->metric_text != NULL && !options->lower_is_better,
    };
    if (study->metric != NULL) {
        metric_name(study->metric, study->metric_name, sizeof study->metric_name);
    }
    if (!check_program(options->live.command[0]) || !check_tools(options)) {
        return false;
    }
    if (!candidates_parse(study, options->allocators.items, options->allocators.count,
                          &error)) {
        return complain(error.text);
    }
    if (!find_reference(study, options->reference)) {
        candidates_free(study);
        return false;
    }
    warn_of_settings();
    return true;
}

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static bool export_all(const struct study *study, const struct compare_summary *summary,
                       const struct compare_options *options)
{
    const struct {
        enum compare_format format;
        const char *path;
    } exports[] = {
        {COMPARE_CSV, options->csv_path},
        {COMPARE_JSON, options->json_path},
        {COMPARE_MARKDOWN, options->markdown_path},
    };
    struct report_error error;
    bool done = true;
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
        if (exports[i].path != NULL &&
            !compare_export(study, summary, exports[i].format, exports[i].path,
                            &error)) {
            done = complain(error.text);
        }
    }
    return done;
}

static bool keep(const struct study *study, const struct compare_summary *summary,
                 const struct compare_options *options)
{
    struct report_error error;
    return options->directory == NULL ||
           compare_write_directory(study, summary, options->directory, &error) ||
           complain(error.text);
}

bool compare_show(FILE *out, const struct study *study,
                  const struct compare_summary *summary, bool is_verbose)
{
    answer_print(out, &summary->answer);
    fputc('\n', out);
    const bool done = compare_table(out, study, summary);
    compare_footnotes(out, study, summary, is_verbose);
    return done;
}

/* Data that goes to standard output has it for itself. */
static bool show(const struct study *study, const struct compare_summary *summary,
                 const struct compare_options *options, bool is_kept)
{
    const bool is_taken = is_stdout(options->csv_path) ||
                          is_stdout(options->json_path) ||
                          is_stdout(options->markdown_path);
    FILE *out = is_taken ? stderr : stdout;
    const bool done = compare_show(out, study, summary, options->is_verbose);
    if (options->directory != NULL && is_kept) {
        fprintf(out, "All that was measured is in %s.\n", options->directory);
    }
    if (!done || fflush(out) != 0) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool has_figures(const struct study *study)
{
    size_t count = 0;
    for (size_t i = 0; i < study->count; i++) {
        count += study->candidates[i].time_count + study->candidates[i].memory_count;
    }
    return count > 0;
}

static int report(struct study *study, const struct compare_options *options,
                  struct recorded *recorded, uint64_t start_ns)
{
    struct compare_summary *summary = compare_create(study, options->effect);
    if (summary == NULL) {
        complain("out of memory");
        return EXIT_FAILED;
    }
    if (options->directory != NULL) {
        results_forget_replay(options->directory);
    }
    if (recorded->until_ns > 0 && !signals_interrupted()) {
        compare_replay(recorded, study, summary, options->directory);
    }
    study->elapsed_s = clock_seconds_since(start_ns);
    compare_forget(recorded);
    /* Files first: who reads the table may close the pipe, and SIGPIPE ends us. */
    const bool kept = keep(study, summary, options) && !recorded->is_unkept;
    const bool exported = export_all(study, summary, options);
    signals_end_by_pipe();
    const bool shown = show(study, summary, options, kept);
    const bool failed = summary->answer.failed_count > 0 || study->cleanup_failed;
    compare_destroy(summary);
    if (study->interrupted) {
        return EXIT_INTERRUPTED;
    }
    return kept && exported && shown && !failed ? EXIT_OK : EXIT_FAILED;
}

static int run_compare(struct compare_options *options)
{
    struct study study;
    struct report_error output_error;
    struct output_folder folder = {.path = NULL};
    struct recorded recorded = {.until_ns = 0};
    const uint64_t start_ns = clock_now_ns();
    int code = EXIT_USAGE;
    if (!compare_begin(&study, options)) {
        return EXIT_USAGE;
    }
    /* Found out before minutes of measuring. */
    if (options->directory != NULL &&
        !output_folder_open(&folder, options->directory, &output_error)) {
        complain(output_error.text);
        candidates_free(&study);
        return EXIT_USAGE;
    }
    signals_hold();
    if (compare_measure(&study, options, &recorded)) {
        /* What an earlier run left is worth more than nothing. */
        if (study.interrupted && !has_figures(&study)) {
            complain("interrupted before anything was measured; nothing is written");
            code = EXIT_INTERRUPTED;
        } else {
            code = report(&study, options, &recorded, start_ns);
        }
    } else if (signals_interrupted()) {
        code = EXIT_INTERRUPTED; /* in --setup */
    }
    compare_forget(&recorded);
    if (options->directory != NULL) {
        output_folder_close(&folder);
    }
    candidates_free(&study);
    return code;
}

/* What --output names, unless it is one of its words. */
static bool is_file(const char *output)
{
    return output != NULL && strcmp(output, "null") != 0 &&
           strcmp(output, "pipe") != 0 && strcmp(output, "inherit") != 0;
}

/* What cannot be written is said before minutes of measuring. */
static bool check_outputs(const struct compare_options *options)
{
    const char *const paths[] = {options->csv_path, options->json_path,
                                 options->markdown_path};
    const size_t count = sizeof paths / sizeof *paths;
    struct report_error error;
    for (size_t i = 0; i < count; i++) {
        if (paths[i] != NULL && !output_check(paths[i], &error)) {
            return complain(error.text);
        }
        for (size_t k = i + 1; paths[i] != NULL && k < count; k++) {
            if (paths[k] != NULL && strcmp(paths[i], paths[k]) == 0) {
                return complain("two exports into one file; name two");
            }
        }
    }
    return !is_file(options->live.output) ||
           output_check(options->live.output, &error) || complain(error.text);
}

int cli_compare(int argc, char **argv)
{
    struct compare_options options;
    int code = compare_options_parse(&options, argc, argv);
    if (code < 0 && !check_outputs(&options)) {
        code = EXIT_USAGE;
    }
    if (code < 0 && options.programs_path != NULL) {
        code = compare_programs(&options);
    } else if (code < 0) {
        code = options.has_program ? run_compare(&options)
                                   : compare_traces(&options, argc, argv);
    }
    compare_options_free(&options);
    return code;
}
