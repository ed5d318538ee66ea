/* Following every process of a tree to its exit with ptrace, so that none is too short
 * to be looked at: each stops at the very end, its memory and mappings still there. Not
 * for timed runs: each fork, exec and exit then costs some microseconds more. */
#ifndef SNUGBENCH_PROCESS_FOLLOW_H
#define SNUGBENCH_PROCESS_FOLLOW_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/tree.h"

/* Follows a child that has not executed the program yet. false: the kernel refuses. */
bool follow_begin(pid_t pid);

/* One stop, as waitpid gave it: looks if there is something to see, and lets it go on.
 */
void follow_stop(struct tree *tree, pid_t pid, int wait_status);

#endif
