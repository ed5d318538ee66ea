/* Instructions counted by valgrind's callgrind, which simulates the worker: the same in
 * every run, whatever the machine does meanwhile. */
#ifndef SNUGBENCH_RUNNER_CALLGRIND_H
#define SNUGBENCH_RUNNER_CALLGRIND_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct callgrind {
    int counts_fd; /* what callgrind writes at its end */
    char valgrind[PATH_MAX];
    char loader[PATH_MAX];
    char counts_option[64];
    const char *launcher[8]; /* for process_plan */
};

/* Whether there is a valgrind in $PATH. */
bool callgrind_is_there(void);

/* Readies one run. NULL: no memory for its file, or no valgrind (errno). */
struct callgrind *callgrind_create(void);
void callgrind_destroy(struct callgrind *callgrind);

/* The instructions of the worker's counted pass, once the run has ended. 0: it wrote
 * none. */
uint64_t callgrind_instructions(const struct callgrind *callgrind);

#endif
