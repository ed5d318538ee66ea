/* One worker process: started, watched, ended.
 *
 * A worker meets its allocator as a program would (LD_PRELOAD, fresh process, ASLR on)
 * in an environment that is small and always the same but for a padding of random
 * length, because the position of the stack alone moves timings by percents. What it
 * prints is caught, so that the loader's or the allocator's own words can be quoted. */
#ifndef SNUGBENCH_PROCESS_SPAWN_H
#define SNUGBENCH_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct sock_fprog;

enum {
    PROCESS_PADDING_LIMIT_BYTES = 4096
};

struct process_plan {
    const char *tool;    /* snugbench-micro RECORD_FD; NULL: the worker, both files */
    const char *library; /* to preload; NULL: none */
    int trace_fd;
    int record_fd;
    size_t padding_bytes; /* below PROCESS_PADDING_LIMIT_BYTES */
    uint64_t timeout_ns;
    /* Held back until process_go, then under this seccomp filter; NULL: runs at once.
     */
    const struct sock_fprog *filter;
};

struct process {
    pid_t pid; /* leads its own process group */
    int output_fd;
    int go_fd;
    uint64_t deadline_ns; /* of clock_now_ns */
    bool ended;
    bool timed_out; /* killed by us at the deadline */
    int wait_status;
    struct rusage usage;
};

/* signals_hold must be in force. false: `error` says why. */
bool process_start(struct process *process, const struct process_plan *plan,
                   char *error, size_t error_size);

/* Let a process that was planned with a filter run. */
void process_go(struct process *process);

/* Look without waiting: sets `ended`, and kills what is beyond its deadline. */
void process_poll(struct process *process);

void process_kill(struct process *process);

/* The first line that it printed, without control characters; "" if none. */
void process_first_line(const struct process *process, char *line, size_t size);

/* Kills and reaps if still running, closes what is open. */
void process_close(struct process *process);

#endif
