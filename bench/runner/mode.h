/* How the parent runs each mode of the worker and what becomes of its answer. The rows
 * stand in worker/modes.h, in the order in which modes are run. */
#ifndef SNUGBENCH_RUNNER_MODE_H
#define SNUGBENCH_RUNNER_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/job.h"
#include "runner/result.h"
#include "runner/schedule.h"

enum mode_touch {
    MODE_TOUCHES_ALL,
    MODE_TOUCHES_AS_COLD, /* --cold-touch */
    MODE_TOUCHES_AS_WARM, /* --touch */
};

enum mode_tracing {
    MODE_UNTRACED,
    MODE_TRACED_IF_ALLOWED,  /* where tracing is refused, run without */
    MODE_TRACED_OR_LEFT_OUT, /* where it is refused, not run */
};

/* How many allocators are run at a time, as far as memory goes. */
enum mode_company {
    MODE_ALONE,
    MODE_ON_EACH_PROCESSOR,
    MODE_ALL_AT_ONCE, /* hardly uses a processor */
};

struct mode {
    const char *pass;     /* in --passes; neighbours may share a name */
    const char *label;    /* in messages: "in the verify pass" */
    const char *progress; /* what progress shows; in rounds, before their number */
    enum mode_touch touch;
    enum mode_tracing tracing;
    enum mode_company company; /* of what is not in rounds */
    uint32_t most_rounds;      /* 0: as the options have them; else see below */
    bool in_rounds;            /* with the neighbours of the same pass; else run once */
    bool is_repeated;          /* passes until the budget of a warm process is spent */
    bool skips_floor;
    bool keeps_position; /* the record tells the operation that was reached */
    bool finds_peaks;    /* the tracer does */
    bool needs_threads;  /* without several in the trace, not run */
    bool is_flat;        /* one thread does what several did */
    bool needs_counters; /* without any of the processor's, not run */
    /* The worker is run by callgrind, in the same surroundings each time. It is an
     * extra: not among the default passes, and what fails there, as what needs more
     * address space than valgrind has does, keeps its other figures. */
    bool is_under_callgrind;
    uint64_t sleep_ns; /* of the worker, or what slows it: allowed beyond --timeout */

    /* The forecast, in seconds: for each operation (is_repeated: while warming up), for
     * each operation of a further pass, and for the process itself. */
    double op_s, pass_op_s, process_s;

    /* Bytes of the answer behind the record. NULL: none. */
    size_t (*answer_bytes)(const struct trace_header *header);
    /* Moves the figures of a job that went well into the result. NULL: none. */
    void (*take)(struct result *result, const struct job *job, uint32_t round);
};

extern const struct mode mode_table[WORKER_MODE_COUNT];

/* Sets of modes. */
enum {
    MODE_SET_CALLGRIND = 1 << WORKER_CALLGRIND,
    MODE_SET_DEFAULT = ((1 << WORKER_MODE_COUNT) - 1) & ~MODE_SET_CALLGRIND,
};

static inline bool mode_in_set(unsigned set, size_t mode)
{
    return (set >> mode & 1) != 0;
}

/* Whether a set has any of the modes [first, end). */
static inline bool mode_any_in_set(unsigned set, size_t first, size_t end)
{
    return (set >> first & ((1u << (end - first)) - 1)) != 0;
}

/* The modes of the pass with this name of `length` bytes, as --passes takes it; 0:
 * there is none. */
unsigned mode_set_of_pass(const char *name, size_t length);

/* One behind the last of the modes that share the pass of `mode`. */
size_t mode_pass_end(size_t mode);

/* How often rounds are run: `least` whatever the budget says. */
struct round_limits {
    uint32_t least, most;
    uint64_t budget_ns;
};

/* A mode with a limit of its own has one round at least, and a tenth of the budget. */
struct round_limits mode_round_limits(size_t mode,
                                      const struct schedule_options *options);

/* "verify,syscalls,...": the names for --passes. */
const char *mode_pass_names(void);

#endif
