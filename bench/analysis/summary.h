/* From raw results to the figures people read: per trace and allocator (a cell), and
 * per allocator over the traces (a total). bench/METHOD.md defines each figure.
 *
 * What was not measured is absent (`present` false), never 0. A trace that failed under
 * an allocator has no figures there; what an interrupted one had measured counts. */
#ifndef SNUGBENCH_ANALYSIS_SUMMARY_H
#define SNUGBENCH_ANALYSIS_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/result.h"

struct figure {
    double value;
    bool present;
};

/* A figure with its 95 % interval. */
struct estimate {
    double value, low, high;
    bool present;
};

enum verdict {
    VERDICT_NONE,      /* nothing to compare */
    VERDICT_TOO_FEW,   /* fewer rounds than SUMMARY_VERDICT_ROUNDS */
    VERDICT_REFERENCE, /* this is the reference itself */
    VERDICT_FASTER,
    VERDICT_SLOWER,
    VERDICT_SAME, /* no significant difference */
};

enum {
    /* With 5 rounds two equal allocators stand all on one side in 6 % of cases, with 4
     * in 12 %: too often to call it a difference. */
    SUMMARY_VERDICT_ROUNDS = 5,
};

/* Speed against the reference, paired by round: above 1 is faster. */
struct comparison {
    struct estimate ratio;
    struct figure p_value; /* that it is 1: statistics.h */
    enum verdict verdict;
};

struct timing_figures {
    struct estimate ns_per_op; /* median over processes */
    struct comparison against_reference;
    struct figure outlier_count; /* processes beyond Tukey's fences; they stay in */
};

/* All growth is over the floor on the same trace; what is below a few pages is noise
 * and may be negative. */
struct memory_figures {
    struct figure utilization;               /* peak live / peak resident growth */
    struct figure utilization_from_first_op; /* growth since the first operation */
    struct figure mapped_utilization;        /* peak live / peak accessible growth */
    struct figure peak_resident_growth_bytes;
    struct figure peak_accessible_growth_bytes;
    struct figure peak_reserved_growth_bytes;
    /* What the peak of resident memory is made of; the three add up to its growth. */
    struct figure live_at_resident_peak_bytes;     /* asked for */
    struct figure internal_at_resident_peak_bytes; /* behind that, in live blocks */
    struct figure external_at_resident_peak_bytes; /* all the rest */
    struct figure resident_after_free_growth_bytes;
    struct figure resident_after_second_growth_bytes;
};

/* An operation takes, in warm passes; what the harness adds is in it. */
struct count_figures {
    struct figure counters[COUNTER_COUNT]; /* median over processes */
    struct figure callgrind_instructions;
};

/* What a trace that several threads replayed has besides: medians over warm processes,
 * each with its best pass. */
struct thread_figures {
    struct figure wall_ns;
    struct figure cpu_ns;           /* of all threads */
    struct figure waited_ns;        /* asleep for each other, all threads together */
    struct estimate flat_ns_per_op; /* one thread for all */
    struct estimate scaling;        /* flat / wall, paired by round */
};

struct cell {
    struct timing_figures warm, cold;
    struct estimate warm_mops;
    /* Median over processes; a cold one has one pass. */
    struct figure warm_minor_faults_per_pass, cold_minor_faults_per_pass;
    struct thread_figures threads;
    struct memory_figures memory;
    struct figure syscalls[PHASE_COUNT];
    struct count_figures counts;
};

/* Parts of the peak of resident memory; the first three add up to it. */
enum memory_part {
    MEMORY_LIVE,
    MEMORY_INTERNAL,
    MEMORY_EXTERNAL,
    MEMORY_AFTER_FREE, /* what is still resident then */
    MEMORY_AFTER_SECOND,
    MEMORY_PART_COUNT
};

/* One allocator over all traces: figures are over the shared ones (shared.h). */
struct total {
    struct estimate warm_mops; /* geometric mean over the shared traces */
    struct comparison warm, cold;
    /* Peak resident growth in the reference's, geometric mean: below 1 is smaller. */
    struct figure peak_ratio;
    struct figure mean_utilization, worst_utilization, mean_mapped_utilization;
    size_t worst_utilization_trace;
    struct figure syscalls[PHASE_COUNT];    /* sums over the traces shared by all */
    struct figure parts[MEMORY_PART_COUNT]; /* shares, means over the traces */
    struct count_figures counts;            /* means over the traces */
    size_t failed_count;                    /* traces on which it did not end well */
    size_t faster_count, slower_count, same_count; /* warm verdicts on single traces */
};

/* What the user may choose; start from summary_defaults. */
struct summary_options {
    double warm_effect; /* a difference below this share is none: 0.02 is 2 % */
    double cold_effect;
};

extern const struct summary_options summary_defaults; /* 2 % and 20 % */

struct summary {
    struct summary_options options;
    struct cell *cells; /* as run->results */
    struct total *totals;
    size_t allocator_count, trace_count;
    size_t warm_trace_count, memory_trace_count, syscall_trace_count; /* shared */
    size_t counters_trace_count, callgrind_trace_count;
};

/* NULL: out of memory. The run may be dropped afterwards. It bootstraps every interval,
 * seconds for a large run: it is made once and handed to all that need the figures. */
struct summary *summary_create(const struct run *run, struct summary_options options);
void summary_destroy(struct summary *summary);

const struct cell *summary_cell(const struct summary *summary, size_t trace_index,
                                size_t allocator_index);

/* "faster", "slower", ...; "" for VERDICT_NONE. */
const char *verdict_text(enum verdict verdict);

#endif
