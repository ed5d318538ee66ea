#include "cli/compare_traces.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/replay_run.h"
#include "process/signals.h"
#include "report/replays.h"
#include "report/report.h"

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static bool complain(const char *text)
{
    fprintf(stderr, "snugbench: %s\n", text);
    return false;
}

static bool export_all(const struct run *run, const struct summary *summary,
                       const struct answer *answer,
                       const struct compare_options *options)
{
    const struct {
        enum report_format format;
        const char *path;
    } exports[] = {
        {REPORT_TOTALS_CSV, options->csv_path},
        {REPORT_JSON, options->json_path},
        {REPORT_MARKDOWN, options->markdown_path},
    };
    struct report_error error;
    bool done = true;
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
        if (exports[i].path != NULL &&
            !report_export(run, summary, answer, exports[i].format, exports[i].path,
                           &error)) {
            done = complain(error.text);
        }
    }
    return done;
}

static bool keep(const struct run *run, const struct summary *summary,
                 const struct answer *answer, const char *directory)
{
    struct report_error error;
    return directory == NULL ||
           report_write_directory(run, summary, answer, directory, &error) ||
           complain(error.text);
}

/* Files first: who reads the table may close the pipe, and SIGPIPE ends us. Data that
 * goes to standard output has it for itself. */
static bool report(const struct run *run, const struct summary *summary,
                   const struct answer *answer, const void *data)
{
    const struct compare_options *options = data;
    const bool is_taken = is_stdout(options->csv_path) ||
                          is_stdout(options->json_path) ||
                          is_stdout(options->markdown_path);
    FILE *out = is_taken ? stderr : stdout;
    const bool kept = keep(run, summary, answer, options->directory);
    const bool exported = export_all(run, summary, answer, options);
    signals_end_by_pipe();
    bool shown = replays_answer_write(out, run, summary, answer);
    if (options->is_verbose) {
        fputc('\n', out);
        shown = report_trace_tables(out, run, summary) && shown;
    }
    if (options->directory != NULL && kept) {
        fprintf(out, "All that was measured is in %s.\n", options->directory);
    }
    if (!shown || fflush(out) != 0) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
        shown = false;
    }
    return kept && exported && shown;
}

int compare_traces(const struct compare_options *options, int argc, char **argv)
{
    return replay_run(&options->replay, argc, argv, report, options);
}
