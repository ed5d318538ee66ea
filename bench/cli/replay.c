/* snugbench replay: measure allocators on traces. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/replay_options.h"
#include "cli/replay_run.h"
#include "process/signals.h"
#include "report/mdriver.h"
#include "report/report.h"

/* Files and table; all are tried even if one fails. Files first: who reads the table
 * may close the pipe, and SIGPIPE ends us. */
static bool report(const struct run *run, const struct summary *summary,
                   const struct answer *answer, const void *data)
{
    const struct replay_options *options = data;
    bool csv_to_stdout =
        options->csv_path != NULL && strcmp(options->csv_path, "-") == 0;
    FILE *out = csv_to_stdout ? stderr : stdout;
    struct report_error error;
    bool written = true;
    if (options->directory != NULL &&
        !report_write_directory(run, summary, answer, options->directory, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        written = false;
    }
    if (options->csv_path != NULL &&
        !report_export(run, summary, answer, REPORT_SUMMARY_CSV, options->csv_path,
                       &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        written = false;
    }
    signals_end_by_pipe();
    const bool shown = options->is_mdriver ? report_mdriver(out, run, summary)
                                           : report_table(out, run, summary);
    if (!shown) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
    }
    return written && shown;
}

int cli_replay(int argc, char **argv)
{
    struct replay_options options;
    int code = replay_options_parse(&options, argc, argv);
    if (code < 0) {
        code = replay_run(&options, argc, argv, report, &options);
    }
    replay_options_free(&options);
    return code;
}
