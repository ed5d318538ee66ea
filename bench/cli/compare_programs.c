/* snugbench compare --programs: one program after another, then all together. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/programs.h"
#include "cli/candidates.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/program_list.h"
#include "process/memory.h"
#include "process/signals.h"
#include "report/compare.h"
#include "report/output.h"
#include "report/programs.h"
#include "report/results.h"

/* `studies` and `programs` are as list.items; the first begun_count studies have
 * candidates, the first done_count programs a summary. */
struct suite {
    const struct compare_options *options;
    struct program_list list;
    struct study *studies;
    struct program *programs;
    size_t begun_count, done_count;
};

static bool complain(const char *text)
{
    fprintf(stderr, "snugbench: %s\n", text);
    return false;
}

/* The user's options with this program's command and its share of the budget. */
static struct compare_options options_of(const struct suite *suite, size_t index)
{
    struct compare_options options = *suite->options;
    options.live.command = suite->list.items[index].words.we_wordv;
    options.live.budget_s /= (double)suite->list.count;
    return options;
}

/* Whatever is wrong with one is found out before minutes of measuring others. */
static bool begin_all(struct suite *suite)
{
    for (size_t i = 0; i < suite->list.count; i++) {
        const struct compare_options options = options_of(suite, i);
        if (!compare_begin(&suite->studies[i], &options)) {
            fprintf(stderr, "snugbench: this is of %s:%u, '%s'\n",
                    suite->options->programs_path, suite->list.items[i].line,
                    suite->list.items[i].name);
            return false;
        }
        suite->begun_count++;
    }
    return true;
}

static bool write_one(const struct suite *suite, const struct program *program)
{
    char folder[PATH_MAX];
    struct report_error error;
    if (suite->options->directory == NULL) {
        return true;
    }
    snprintf(folder, sizeof folder, "%s/%s", suite->options->directory, program->name);
    return compare_write_directory(program->study, program->summary, folder, &error) ||
           complain(error.text);
}

/* false: it could not be measured or kept. */
static bool measure_one(struct suite *suite, size_t index)
{
    const struct compare_options options = options_of(suite, index);
    struct study *study = &suite->studies[index];
    struct program *program = &suite->programs[index];
    fprintf(stderr, "snugbench: program %zu of %zu: %s\n", index + 1, suite->list.count,
            suite->list.items[index].name);
    if (!compare_measure(study, &options, NULL)) {
        return false;
    }
    *program = (struct program){
        .name = suite->list.items[index].name,
        .study = study,
        .summary = compare_create(study, options.effect),
    };
    if (program->summary == NULL) {
        return complain("out of memory");
    }
    suite->done_count++;
    const bool written = write_one(suite, program);
    if (options.is_verbose) {
        printf("%s\n\n", program->name);
        compare_show(stdout, study, program->summary, true);
        putchar('\n');
    }
    return written;
}

static bool has_failures(const struct suite *suite)
{
    for (size_t i = 0; i < suite->done_count; i++) {
        const struct study *study = suite->programs[i].study;
        if (study->cleanup_failed) {
            return true;
        }
        for (size_t k = 0; k < study->count; k++) {
            if (study->candidates[k].failed) {
                return true;
            }
        }
    }
    return false;
}

/* Those of the list that were not reached keep what an earlier run has of them. */
static void forget_others(const struct suite *suite)
{
    const size_t count = suite->list.count;
    const char **names = memory_allocate(count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        names[i] = suite->list.items[i].name;
    }
    results_forget_programs(suite->options->directory, names, count);
    free(names);
}

static bool report(const struct suite *suite)
{
    struct programs_summary summary;
    struct report_error error;
    const char *directory = suite->options->directory;
    if (!programs_summary_create(&summary, suite->programs, suite->done_count,
                                 suite->options->effect)) {
        return complain("out of memory");
    }
    if (directory != NULL) {
        forget_others(suite);
    }
    /* Files first: who reads the table may close the pipe, and SIGPIPE ends us. */
    const bool written = directory == NULL ||
                         programs_write_directory(&summary, directory, &error) ||
                         complain(error.text);
    signals_end_by_pipe();
    const bool shown =
        programs_print(stdout, &summary) || complain("cannot write the table");
    if (directory != NULL && written) {
        printf("In %s: answer.txt, programs.csv, programs_totals.csv and a folder for "
               "each program.\n",
               directory);
    }
    programs_summary_destroy(&summary);
    return written && shown;
}

static int measure_all(struct suite *suite)
{
    bool done = true;
    signals_hold();
    for (size_t i = 0; done && i < suite->list.count && !signals_interrupted(); i++) {
        done = measure_one(suite, i);
    }
    if (suite->done_count > 0) {
        done = report(suite) && done;
    }
    if (signals_interrupted()) {
        complain("interrupted; what had been measured is shown");
        return EXIT_INTERRUPTED;
    }
    return done && !has_failures(suite) ? EXIT_OK : EXIT_FAILED;
}

/* With the output's folder taken, if there is one. */
static int measure_into(struct suite *suite)
{
    struct output_folder folder;
    struct report_error error;
    if (suite->options->directory == NULL) {
        return measure_all(suite);
    }
    if (!output_folder_open(&folder, suite->options->directory, &error)) {
        complain(error.text);
        return EXIT_USAGE;
    }
    const int code = measure_all(suite);
    output_folder_close(&folder);
    return code;
}

int compare_programs(const struct compare_options *options)
{
    struct suite suite = {.options = options};
    if (!program_list_read(&suite.list, options->programs_path)) {
        return EXIT_USAGE;
    }
    suite.studies = memory_allocate(suite.list.count, sizeof *suite.studies);
    suite.programs = memory_allocate(suite.list.count, sizeof *suite.programs);
    const int code = begin_all(&suite) ? measure_into(&suite) : EXIT_USAGE;
    for (size_t i = 0; i < suite.done_count; i++) {
        compare_destroy((struct compare_summary *)(uintptr_t)suite.programs[i].summary);
    }
    for (size_t i = 0; i < suite.begun_count; i++) {
        candidates_free(&suite.studies[i]);
    }
    free(suite.studies);
    free(suite.programs);
    program_list_free(&suite.list);
    return code;
}
