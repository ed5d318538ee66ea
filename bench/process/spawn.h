/* Every program that snugbench starts: started, watched, ended. How it ended is judged
 * by ending.h. signals_hold is in force wherever something here waits, but for
 * PROCESS_FOREGROUND, whose waiting is its caller's. One thread. */
#ifndef SNUGBENCH_PROCESS_SPAWN_H
#define SNUGBENCH_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum {
    /* The position of the stack alone moves timings by percents, so a padding in the
     * environment, of a random length below this, moves it from run to run. */
    PROCESS_PADDING_LIMIT_BYTES = 4096,
    PROCESS_FILES_MAX = 6,
};

enum process_kind {
    /* One of our tools: leads a process group, dies with snugbench, dumps no core, has
     * no files but those it is given, and what it leaves behind is killed. */
    PROCESS_TOOL,
    /* A program or command of the user: leads a session, so that the terminal's Ctrl-C
     * reaches snugbench alone, which then ends it. */
    PROCESS_COMMAND,
    /* As a shell would start it: in our own process group, and Ctrl-C is its own. */
    PROCESS_FOREGROUND,
};

struct process_plan {
    enum process_kind kind;
    const char *path; /* NULL: arguments[0], looked for in PATH */
    char *const *arguments;
    char *const *environment; /* NULL: our own */
    /* Descriptors that become 0, 1, 2 ...; negative: /dev/null. None: all of ours. */
    int files[PROCESS_FILES_MAX];
    size_t file_count;
    int output_fd; /* with what it prints, for quoting; taken over. Negative: none */
    uint64_t timeout_ns; /* 0: as long as it takes */
    bool is_held;        /* back until process_go */
    /* NULL, or the last thing that the child does before it becomes the program. false:
     * errno is why it cannot. */
    bool (*enter)(const void *context);
    const void *context;
};

/* All zero: not started. */
struct process {
    pid_t pid; /* 0: not started */
    enum process_kind kind;
    int output_fd, go_fd, failure_fd; /* negative: none, or closed */
    unsigned interruptions;           /* before it was started */
    uint64_t timeout_ns;
    uint64_t deadline_ns; /* of clock_now_ns; UINT64_MAX: none, or past */
    bool ended;
    bool timed_out;  /* killed by us at the deadline */
    int start_error; /* the errno that kept it from becoming the program; 0: it did */
    int wait_status;
    struct rusage usage;
};

/* false: no process is to be had, `error` says why. That there is no such program is
 * found out later, by process_start_error or at its end. */
bool process_start(struct process *process, const struct process_plan *plan,
                   char *error, size_t error_size);

/* Let a process that was planned as held run. */
void process_go(struct process *process);

/* Waits until it has become the program: 0, or the errno that kept it from that. A
 * traced one reports that it has, and must have been let on. */
int process_start_error(struct process *process);

/* Look without waiting: sets `ended`, and stops what is beyond its deadline. */
void process_poll(struct process *process);

/* Poll until it has ended or somebody asks us to stop; it then still lives. */
void process_wait(struct process *process);

/* For a caller that polls by wait4 itself: what that said of its end. */
void process_take_end(struct process *process, int wait_status,
                      const struct rusage *usage);

/* The same, for the deadline: kills what is beyond it. */
void process_stop_late(struct process *process);

void process_kill(struct process *process);

/* Kills and reaps if still running, closes what is open. Nothing if not started. */
void process_close(struct process *process);

#endif
