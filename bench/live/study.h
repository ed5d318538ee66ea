/* A comparison of one program under several allocators, raw: what the runs gave.
 * Analysis turns it into figures, report into files. Units are in the names. */
#ifndef SNUGBENCH_LIVE_STUDY_H
#define SNUGBENCH_LIVE_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/peak.h"

enum live_phase {
    LIVE_START, /* a server until it is ready; a batch program is never in another */
    LIVE_LOAD,
    LIVE_LINGER,
    LIVE_STOP,
};

/* One timed run. */
struct live_time {
    uint32_t round; /* from 0; pairs the candidates of a round */
    double score;   /* seconds, or what --load-metric found */
    double user_s, system_s;
};

/* One run of ours, untimed unless it is a server. */
struct live_memory {
    uint32_t round;
    enum peak_method method;
    uint64_t peak_bytes;
    uint64_t minor_faults, major_faults;
    size_t process_count;
    bool has_left; /* servers: what is resident when --linger is over */
    uint64_t left_bytes;
    bool has_growth; /* servers: over the second half of the load; may be negative */
    double growth_bytes_per_minute;
};

struct live_point {
    uint32_t round;
    double time_s;           /* since the start */
    uint64_t resident_bytes; /* RssAnon + RssShmem of all processes */
    size_t process_count;
    enum live_phase phase;
};

/* An allocator with its settings. */
struct candidate {
    char *name;
    char *library;       /* real path; NULL: nothing is preloaded */
    const char *preload; /* the same file as LD_PRELOAD can hold it (process/preload) */
    char **variables;    /* "NAME=value", in order */
    size_t variable_count;
    bool failed;
    bool timed_out;    /* one of our own runs */
    char failure[320]; /* one line for people */
    char note[320];    /* about the preload; empty: every process had it */
    int exit_code;     /* of the first run; 128 + signal */
    struct live_time *times;
    size_t time_count;
    struct live_memory *memories;
    size_t memory_count;
    struct live_point *points;
    size_t point_count;
};

struct study {
    char **command;           /* the user's own words */
    const char *ready, *load; /* of a server, commands for a shell; NULL: none */
    struct candidate *candidates;
    size_t count;
    size_t reference_index;
    uint64_t seed;
    uint32_t round_count; /* whole rounds */
    bool is_server;
    bool has_input;        /* --input */
    bool leaves_processes; /* that go on when the program has ended */
    const char *metric; /* the expression of --load-metric; NULL: the score is a time */
    char metric_name[64];
    bool larger_is_better;
    bool interrupted;
    bool cleanup_failed;
    bool is_followed; /* every process was followed to its exit (ptrace) */
    double budget_s;  /* from the beginning to the answer; 0: none was to be kept */
    double elapsed_s; /* as long as it took */
    double run_s;     /* how long one run takes, about */
    uint32_t least_rounds; /* that were to be, whatever the budget */
};

#endif
