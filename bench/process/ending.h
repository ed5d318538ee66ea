/* How a process ended. */
#ifndef SNUGBENCH_PROCESS_ENDING_H
#define SNUGBENCH_PROCESS_ENDING_H

#include <stdbool.h>
#include <stddef.h>

#include "process/spawn.h"

enum ending_kind {
    ENDING_NONE, /* it still lives: whoever waited for it was asked to stop */
    ENDING_EXIT,
    ENDING_SIGNAL,
    ENDING_TIMED_OUT,
    ENDING_NOT_RUN, /* it never became the program */
};

struct ending {
    enum ending_kind kind;
    int number;      /* the exit code, the signal, or the errno of NOT_RUN */
    double limit_s;  /* of TIMED_OUT */
    bool is_looping; /* of TIMED_OUT: it used a processor most of the time */
};

struct ending ending_of(const struct process *process);

/* By itself, with exit code 0. */
bool ending_is_good(struct ending ending);

/* As a shell tells it: 128 + signal, 127 no such program, 126 it cannot be run. */
int ending_exit_code(struct ending ending);

/* "killed by SIGSEGV", "exit code 3", "timed out after 5 s (--timeout)". */
void ending_text(struct ending ending, char *text, size_t size);

/* The same, and after a colon the first line in `output_fd`, if there is one. */
void ending_quote(struct ending ending, int output_fd, char *text, size_t size);

#endif
