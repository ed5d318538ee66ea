/* What the user sees on stderr while it runs: one line that is rewritten on a terminal,
 * else a line for each trace. */
#ifndef SNUGBENCH_RUNNER_PROGRESS_H
#define SNUGBENCH_RUNNER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool is_terminal;
    bool is_quiet; /* nothing is shown */
    size_t trace_count;
    double work_total; /* in seconds as guessed beforehand; only proportions matter */
    double work_done;
    double work_current;
    uint64_t start_ns;
    uint64_t shown_ns;
    const char *shown_format; /* of the last step */
    size_t trace_index;
    const char *trace_name;
};

struct progress progress_begin(size_t trace_count, double work_total);

/* The next trace, worth `work` of the total. */
void progress_trace(struct progress *progress, size_t index, const char *name,
                    double work);

/* What is being done and which share of the trace's work is behind us. `format` is a
 * constant: steps of one format are shown now and then, the first of another at once.
 */
void progress_step(struct progress *progress, double share, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void progress_trace_done(struct progress *progress);

/* Clear the line: something else is printed next. */
void progress_clear(const struct progress *progress);

#endif
