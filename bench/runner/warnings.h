/* What snugbench warns of: a closed list. Each row has its text and its remedy once,
 * for 'doctor', which looks for all of them, and for the command that meets one. */
#ifndef SNUGBENCH_RUNNER_WARNINGS_H
#define SNUGBENCH_RUNNER_WARNINGS_H

#include <stddef.h>

enum warning_id {
    /* the machine */
    WARNING_PROCESSORS,
    WARNING_LOAD,
    WARNING_STEAL,
    WARNING_GOVERNOR,
    WARNING_TURBO,
    WARNING_SMT,
    WARNING_VIRTUAL,
    WARNING_CLOCK,
    WARNING_HUGE_PAGES,
    WARNING_LAYOUT,
    WARNING_MEMORY,
    WARNING_SWAP,
    WARNING_MAPPINGS,
    WARNING_CORE,
    /* what it lets us measure */
    WARNING_COUNTERS, /* three reasons */
    WARNING_COUNTERS_REFUSED,
    WARNING_COUNTERS_KERNEL,
    WARNING_TRACING,
    WARNING_CGROUP,
    /* what is installed */
    WARNING_WORKER,
    WARNING_FLOOR,
    WARNING_ALLOCATOR,
    WARNING_GNUPLOT,
    WARNING_HYPERFINE,
    WARNING_VALGRIND,
    /* the traces */
    WARNING_UNFREED,
    WARNING_THREADED,
    WARNING_COUNT
};

struct warning {
    const char *name;   /* of what is looked at: "governor" */
    const char *text;   /* what it does to figures; %s: what was found */
    const char *remedy; /* NULL: there is none */
};

const struct warning *warning_find(enum warning_id id);

/* The row's text with `found` in it. */
void warning_format(enum warning_id id, const char *found, char *text, size_t size);

/* The row as one line on stderr: text and remedy. */
void warning_print(enum warning_id id, const char *found);

#endif
