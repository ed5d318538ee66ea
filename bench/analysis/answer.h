/* What a comparison of allocators comes to: who is fastest, who is smallest, whom no
 * other beats on both, what is undecided. The same for a program as it runs and for
 * traces that are replayed: each fills in the rows, and answer_decide does the rest.
 *
 * Speed is a ratio to the reference, above 1 is better. Size is this / reference, below
 * 1 is smaller. */
#ifndef SNUGBENCH_ANALYSIS_ANSWER_H
#define SNUGBENCH_ANALYSIS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/summary.h"

enum size_verdict {
    SIZE_NONE, /* nothing to compare */
    SIZE_SMALLER,
    SIZE_LARGER,
    SIZE_SAME, /* no significant difference */
};

/* What the score of an allocator is. */
enum answer_score {
    SCORE_SECONDS, /* of a run, or of a load */
    SCORE_NUMBER,  /* what --load-metric found */
    SCORE_MOPS,    /* millions of calls of malloc and free a second, warm */
};

/* On how many traces an allocator is better than the reference, and so on. */
struct answer_traces {
    size_t better, worse, same;
};

struct answer_row {
    const char *name;    /* borrowed, as all words here */
    const char *failure; /* one line; NULL: none */
    const char *own;     /* who brings the malloc of a row without a library; or NULL */
    const char *unreached; /* which processes ran without the preload; NULL: none */
    /* What kind of failure on traces, where first, and on how many. */
    enum result_status failed_status;
    const char *failed_trace;
    size_t failed_trace_count;
    bool present; /* it has figures */
    struct estimate score;
    struct comparison speed;
    struct figure speed_p; /* after correction over all allocators */
    bool is_undecided; /* neither different nor narrow enough to be called the same */
    struct estimate size_bytes; /* at the peak; absent for several traces */
    struct estimate size_ratio;
    enum size_verdict size_verdict;
    struct answer_traces speed_traces, size_traces;      /* zero for a program */
    struct estimate left_bytes, growth_bytes_per_minute; /* servers */

    /* What malloc, free and the first touch of pages take of a run, by a replay; what
     * that is a part of, with their intervals; and resident memory beyond live blocks
     * at the peak. */
    struct estimate own_s, whole_s;
    struct figure overhead_bytes;

    struct comparison lead;    /* the fastest over it, where it is tied */
    bool is_tied_with_fastest; /* no significant difference to it */
    bool is_lead_undecided;    /* and not known to be as fast; no reference */
    bool is_on_front; /* no other is significantly faster and smaller at once */
};

/* What a recording of the program adds. */
struct answer_recording {
    bool is_replayed;
    const char *failure;           /* why it is not; NULL: nobody asked for it */
    double call_count, live_bytes; /* at the peak */
    size_t process_count;          /* of the program; one is recorded */
    const char *image;             /* the name of its file; NULL or "": nobody knows */
    bool is_of_processor_time;     /* whole_s */
    bool waits;                    /* a run takes longer than its processor time */
};

struct answer {
    struct answer_row *rows;
    size_t count;
    size_t reference_index;
    enum answer_score score;
    const char *score_name; /* of SCORE_NUMBER; NULL: nobody knows */
    bool larger_is_better;  /* of scores */
    size_t trace_count;     /* 0: a program */
    size_t shared_count;    /* traces that count: those that all completed */
    size_t skipped_count;   /* traces that do not fit this machine */
    double effect;          /* smaller differences are none; 0.02 is 2 % */
    uint32_t round_count;
    bool interrupted;
    bool has_input;        /* the program was given one */
    bool leaves_processes; /* that go on when the program has ended */
    struct answer_recording recording;
    double spread; /* of repeated runs: 1.48 median absolute deviations, relative */

    /* What answer_decide finds; `count` as an index: none. */
    size_t fastest; /* or as fast, and smaller */
    size_t smallest, least_left;
    size_t present_count, failed_count, undecided_count, front_count;
    bool differs_in_speed, differs_in_memory; /* some verdict against the reference */
    bool is_too_noisy; /* undecided, and the spread or the number of runs wanted is too
                          large */
    size_t hopeless_count; /* undecided, and would take hundreds of rounds more */
    size_t more_rounds;    /* that would decide the others, about */
    /* The same of those that are tied with the fastest. */
    size_t undecided_lead_count, hopeless_lead_count, more_lead_rounds;
};

/* Rows for `count` allocators, all zero. false: out of memory. */
bool answer_create(struct answer *answer, size_t count);
void answer_destroy(struct answer *answer);

/* `is_faster` and `is_smaller` have count * count places: [a * count + b] is whether a
 * is significantly better than b. */
void answer_decide(struct answer *answer, const bool *is_faster,
                   const bool *is_smaller);

/* Then, with `lead` of those rows filled in: which are undecided. */
void answer_judge_leads(struct answer *answer);

/* Narrow enough to be called the same, or certain to be within the effect. */
bool answer_is_narrow(struct estimate ratio, double effect);

/* Of a ratio of sizes without a verdict: too far from 1 to be called the same. */
bool answer_is_open_size(struct estimate ratio, double effect);

/* 1.4826 times the median absolute deviation, relative to the median. Sorts and changes
 * `values`; count >= 1. */
double answer_spread(double *values, size_t count);

/* "smaller", "larger", "no significant difference"; "" for SIZE_NONE. */
const char *size_verdict_text(enum size_verdict verdict);

#endif
