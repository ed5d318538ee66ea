/* One run of the user's program under one candidate, in a process tree of its own,
 * looked at all the while. Batch programs run to their end; servers are led by
 * server.h. */
#ifndef SNUGBENCH_LIVE_RUN_H
#define SNUGBENCH_LIVE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "live/study.h"
#include "process/cgroup.h"
#include "process/spawn.h"
#include "process/tree.h"

struct run_plan {
    char *const *command;
    const struct candidate *candidate;
    uint32_t round;
    const char *input; /* NULL: /dev/null */
    int output;        /* file for standard output; negative: /dev/null */
    uint64_t timeout_ns;
    bool follow; /* with ptrace, where it is allowed */
};

struct live_run {
    struct process root;   /* when it has ended, what it left behind may live on */
    struct process beside; /* a command at the same time (the load); tree.beside */
    struct tree tree;
    struct cgroup group;
    bool is_followed;
    struct rusage usage; /* of what we have waited for: the root and orphans */
    uint64_t own_bytes;  /* snugbench's own peak when it forked */
    uint64_t start_ns, next_look_ns, look_interval_ns;
    enum live_phase phase;
    uint32_t round;
    struct live_point *points;
    size_t point_count;
};

/* A subreaper hears of all descendants: to be called once, before any run. */
void live_prepare(void);

/* false: `error` says why it could not be started. */
bool live_start(struct live_run *run, const struct run_plan *plan, char *error,
                size_t error_size);

/* Waits a little (until the next look or an event), takes in what has happened, and
 * looks if it is time. */
void live_step(struct live_run *run);

/* One look at the tree now, noted as a point of the curve. */
struct tree_sum live_look(struct live_run *run);

/* Whether processes of its go on after its root has ended; they have a fifth of a
 * second to follow it. */
bool live_leaves_processes(struct live_run *run);

/* Ends what still lives, waits for it, and fills in what is known of memory. */
void live_finish(struct live_run *run, struct live_memory *memory);

/* After live_finish; the points are not freed if somebody took them. */
void live_destroy(struct live_run *run);

#endif
