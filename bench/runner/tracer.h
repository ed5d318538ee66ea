/* What a worker asks of the kernel: a seccomp filter that stops it at each system call,
 * and ptrace to look at it then.
 *
 * Every call of every thread is seen, execve included: what `strace -f -c` would count,
 * and exit_group besides. Left out are the two marker calls that part the phases, and
 * those by which the worker's threads wait for each other: they are made at a place
 * that the worker tells.
 *
 * In the memory pass it finds the peaks, too, and they are exact: memory falls only by
 * a call that takes some of it away, so it is read at the entry of each of these, and
 * at the first and last operation of the trace. */
#ifndef SNUGBENCH_RUNNER_TRACER_H
#define SNUGBENCH_RUNNER_TRACER_H

#include "process/spawn.h"
#include "runner/result.h"

struct tracer;

/* The filter for process_plan. NULL: this system does not let us trace (a child was
 * tried); `refused` names the call that was refused (constant text). */
struct sock_fprog *tracer_filter_create(const char **refused);
void tracer_filter_destroy(struct sock_fprog *filter);

/* Hold a process that was planned with the filter and has not been let go; `record` is
 * the worker's. NULL: it is dead (errno). */
struct tracer *tracer_create(const struct process *process,
                             const struct worker_record *record, bool finds_peaks);
void tracer_destroy(struct tracer *tracer);

/* As process_poll: takes what has been reported, and lets the threads go on. */
void tracer_poll(struct tracer *tracer, struct process *process);

/* Both once the process has ended. */
void tracer_take_counts(const struct tracer *tracer, struct syscall_counts *counts);
struct memory_peaks tracer_peaks(const struct tracer *tracer);

#endif
