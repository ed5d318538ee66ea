/* Exact system call counts: a seccomp filter that stops the worker at each call, and
 * ptrace to look at it.
 *
 * Every call of every thread counts, by kind and phase, execve included: what `strace
 * -f -c` would count, and exit_group besides. The two marker calls that part the phases
 * are left out. After each call that can enlarge the address space the kernel's own
 * account of it (statm) is read, so the two peaks are exact. */
#ifndef SNUGBENCH_RUNNER_TRACER_H
#define SNUGBENCH_RUNNER_TRACER_H

#include <stdbool.h>

#include "runner/job.h"
#include "runner/result.h"

struct syscall_tracer;

/* NULL: no filter can be made here; `reason` says why (constant text). */
struct syscall_tracer *syscalls_create(const char **reason);
void syscalls_destroy(struct syscall_tracer *tracer);

/* Run a job of mode WORKER_SYSCALLS to its end, traced, and judge it. counts->measured
 * is false and *refused names the call if this system does not let us trace; the job's
 * status then means nothing. signals_hold must be in force. */
void syscalls_trace(struct syscall_tracer *tracer, struct job *job,
                    struct syscall_counts *counts, const char **refused);

#endif
