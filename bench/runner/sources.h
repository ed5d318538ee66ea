/* The traces of a run: all are read and checked before the first measurement, so that a
 * bad one at the end of the list costs nobody an hour. They are kept (sealed, in their
 * memfd) while they are small together, and read again when their turn comes if not. */
#ifndef SNUGBENCH_RUNNER_SOURCES_H
#define SNUGBENCH_RUNNER_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/result.h"
#include "trace/trace.h"

struct source {
    const char *path;
    char *name;
    struct trace_header header;
    enum trace_weight weight;
    struct trace *kept; /* NULL: read again when it is opened */
};

/* Zero to begin with. */
struct sources {
    struct source *items;
    size_t count;
    size_t kept_bytes;
    bool is_brief;  /* remarks on single traces are not printed, only summed up */
    bool is_flat;   /* they are replayed flattened, which is told in summing up */
    bool is_reused; /* more than one run: what is kept stays until sources_free */
};

/* Read and check one file, print its notes and remarks to stderr. false: `error` says
 * what is wrong. `path` must outlive the sources. */
bool sources_add(struct sources *sources, const char *path, struct trace_error *error);

/* The same for a trace that is there already, named by `path`. Takes it over. */
void sources_take(struct sources *sources, const char *path, struct trace *trace);

/* Once all are read: what they have in common, one line each to stderr. */
void sources_sum_up(const struct sources *sources);

/* Name, path and header of each trace into run->traces. Of two equal names the second
 * becomes its path. */
void sources_describe(const struct sources *sources, struct run *run);

/* The trace, to be given back with sources_close. NULL: it can no longer be read, or is
 * another one by now (`error`). */
struct trace *sources_open(const struct sources *sources, size_t index,
                           struct trace_error *error);
void sources_close(struct sources *sources, size_t index, struct trace *trace);

void sources_free(struct sources *sources);

#endif
