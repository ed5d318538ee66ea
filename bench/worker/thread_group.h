/* The threads of a replay: each does a stream of the trace, and waits for the others
 * where the trace says so (trace/stream.h). With one thread nothing of this is used,
 * and a pass is the plain loop.
 *
 * A thread begins where the recorded one did, inside the pass, and ends behind its last
 * operation. Nobody burns a processor while he waits: after a short spin he sleeps.
 *
 * What the threads need is made before the first pass: seats, as many as there are
 * threads at once, each with a stack. So the worker itself allocates nothing, but
 * pthread_create does: libc takes one calloc for each thread, as in programs. */
#ifndef SNUGBENCH_WORKER_THREAD_GROUP_H
#define SNUGBENCH_WORKER_THREAD_GROUP_H

#include "worker/job.h"

/* Of a job with streams. false: the record says why. */
bool thread_group_open(struct job *job);

/* The trace's own operations, in all threads, until the last of them is gone;
 * job->waited_ns is then how long they slept for each other. false: the record says
 * why. Where one of several threads fails, the process ends there: the others may wait
 * for it. */
bool thread_group_pass(struct job *job, job_pass *pass);

/* The frees that empty the heap, in this thread; the next pass may then begin. */
bool thread_group_epilogue(struct job *job, job_pass *pass);

/* For the replay loop: an operation of enum stream_op_kind. false: the record says why.
 */
bool thread_group_step(struct job *job, const struct trace_op *op);

#endif
