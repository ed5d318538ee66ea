#include "cli/replay_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/replay_answer.h"
#include "cli/cli.h"
#include "process/signals.h"
#include "report/output.h"
#include "runner/allocators.h"
#include "runner/callgrind.h"
#include "runner/run.h"
#include "runner/schedule.h"
#include "runner/sources.h"
#include "runner/warnings.h"

enum {
    EXIT_INTERRUPTED = 130 /* as a shell reports SIGINT */
};

/* What is to be written, before anything is measured. */
static bool take_targets(const struct replay_options *options,
                         struct output_folder *folder)
{
    struct report_error error;
    const bool is_good =
        (options->csv_path == NULL || output_check(options->csv_path, &error)) &&
        (options->directory == NULL ||
         output_folder_open(folder, options->directory, &error));
    if (!is_good) {
        fprintf(stderr, "snugbench: %s\n", error.text);
    }
    return is_good;
}

static bool find_allocators(const struct replay_options *options,
                            struct allocator_list *list)
{
    struct allocator_error error;
    if (!allocators_parse(list, options->allocators.items, options->allocators.count,
                          &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return false;
    }
    if (!allocators_add_floor(list, &error)) {
        warning_print(WARNING_FLOOR, "its library is missing");
    }
    return true;
}

static bool read_sources(const struct replay_options *options, struct sources *sources)
{
    for (size_t i = 0; i < options->trace_count; i++) {
        struct trace_error error;
        if (!sources_add(sources, options->traces[i], &error)) {
            fprintf(stderr, "snugbench: %s\n", error.text);
            return false;
        }
    }
    sources_sum_up(sources);
    return true;
}

static bool set_reference(struct run *run, const char *name)
{
    if (name == NULL) {
        return true;
    }
    size_t index = run_find_allocator(run, name);
    if (index == run->allocator_count) {
        fprintf(
            stderr,
            "snugbench: the reference '%s' is not among the allocators; add -a %s\n",
            name, name);
        return false;
    }
    run->reference_index = index;
    return true;
}

static bool write_results(const struct run *run, const struct replay_options *options,
                          replay_report *report, const void *data)
{
    struct summary *summary = summary_create(run, options->summary);
    if (summary == NULL) {
        fprintf(stderr, "snugbench: cannot sum up the run: %s\n", strerror(errno));
        return false;
    }
    struct answer answer;
    bool written = replay_answer_create(&answer, run, summary);
    if (written) {
        written = report(run, summary, &answer, data);
    } else {
        fprintf(stderr, "snugbench: out of memory\n");
    }
    answer_destroy(&answer);
    summary_destroy(summary);
    return written;
}

static bool has_failed_row(const struct run *run)
{
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        enum result_status status = run->results[i].status;
        if (status != RESULT_OK && status != RESULT_SKIPPED &&
            status != RESULT_INTERRUPTED) {
            return true;
        }
    }
    return false;
}

static bool has_figures(const struct run *run)
{
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        const struct result *result = &run->results[i];
        const bool is_judged =
            result->status != RESULT_INTERRUPTED && result->status != RESULT_SKIPPED;
        if (is_judged || result->memory.measured || result->syscalls.measured ||
            result->cold.count + result->warm.count + result->flat.count +
                    result->counters.count + result->latency.process_count >
                0) {
            return true;
        }
    }
    return false;
}

/* What programs rely on and a course's driver does not ask for. */
static void warn_of_alignment(const struct run *run)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        uint64_t weakest = UINT64_MAX;
        for (size_t trace = 0; trace < run->trace_count; trace++) {
            const uint64_t bytes =
                run->results[trace * run->allocator_count + i].lab_alignment_bytes;
            weakest = bytes > 0 && bytes < weakest ? bytes : weakest;
        }
        if (weakest < 16) {
            fprintf(stderr,
                    "snugbench: %s aligns blocks to %" PRIu64
                    " bytes only; the other allocators align to 16, which programs "
                    "rely on\n",
                    run->allocators[i].name, weakest);
        }
    }
}

static int measure(const struct replay_options *options, struct run *run,
                   struct sources *sources, replay_report *report, const void *data)
{
    fprintf(stderr, "snugbench: traces: %zu, allocators: %zu, seed: %" PRIu64 "\n",
            run->trace_count, run->allocator_count, run->seed);
    signals_hold();
    schedule_run(run, sources, &options->schedule);
    /* What an earlier run left is worth more than nothing. */
    if (run->interrupted && !has_figures(run)) {
        fprintf(stderr, "snugbench: interrupted before anything was measured; nothing "
                        "is written\n");
        return EXIT_INTERRUPTED;
    }
    warn_of_alignment(run);
    bool written = write_results(run, options, report, data);
    if (run->interrupted) {
        fprintf(stderr, "snugbench: interrupted; what had been measured is shown\n");
        return EXIT_INTERRUPTED;
    }
    return written && !has_failed_row(run) ? EXIT_OK : EXIT_FAILED;
}

int replay_run(const struct replay_options *options, int argc, char **argv,
               replay_report *report, const void *data)
{
    if (options->uses_callgrind && !callgrind_is_there()) {
        warning_print(WARNING_VALGRIND, "valgrind is missing");
        return EXIT_USAGE;
    }
    struct allocator_list allocators;
    if (!find_allocators(options, &allocators)) {
        return EXIT_USAGE;
    }
    signals_outlive_pipe();
    struct sources sources = {.is_brief = options->trace_count > 1,
                              .is_flat = options->schedule.is_flat};
    if (!read_sources(options, &sources)) {
        allocators_free(&allocators);
        sources_free(&sources);
        return EXIT_USAGE;
    }
    struct run *run = run_create(&allocators, sources.count);
    sources_describe(&sources, run);
    run->seed = options->seed;
    run->cold_touch = options->cold_touch;
    run->warm_touch = options->warm_touch;
    run->argc = argc;
    run->argv = argv;
    int code = EXIT_USAGE;
    struct output_folder folder = {.path = NULL};
    if (set_reference(run, options->reference) && take_targets(options, &folder)) {
        code = measure(options, run, &sources, report, data);
        if (folder.path != NULL) {
            output_folder_close(&folder);
        }
    }
    run_destroy(run);
    sources_free(&sources);
    return code;
}
