/* What 'snugbench stat' knows of each trace, and the ways to tell it. */
#ifndef SNUGBENCH_CLI_STAT_H
#define SNUGBENCH_CLI_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "trace/shape.h"
#include "trace/summary.h"
#include "trace/trace.h"

struct stat_trace {
    char *name;
    char *path;
    struct trace_header header;
    struct trace_summary summary;
    struct trace_shape shape;
};

struct stat_traces {
    struct stat_trace *traces;
    size_t count;
};

void stat_print(const struct trace *trace, const struct stat_trace *facts);

bool stat_csv_header(FILE *out);
bool stat_csv_row(FILE *out, const struct stat_trace *facts);

/* output_writers of struct stat_traces: a row each; a row for each class of sizes; for
 * each point along a trace; for each class of lifetimes. */
bool stat_write_traces(FILE *out, const void *traces);
bool stat_write_sizes(FILE *out, const void *traces);
bool stat_write_live(FILE *out, const void *traces);
bool stat_write_lifetimes(FILE *out, const void *traces);

/* How the first differs from the rest; two at least. false: out of memory. */
bool stat_compare(const struct stat_traces *traces);

#endif
