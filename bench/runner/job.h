/* One worker run: what is asked, the process, and its answer turned into a status.
 *
 * Life: job_run_all starts it, watches it and judges how it ended; then the figures are
 * taken from `record`, and from `tracer`; then job_close. */
#ifndef SNUGBENCH_RUNNER_JOB_H
#define SNUGBENCH_RUNNER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/spawn.h"
#include "runner/callgrind.h"
#include "runner/result.h"
#include "runner/tracer.h"
#include "trace/streams.h"
#include "trace/trace.h"

struct job {
    /* asked */
    const struct allocator *allocator;
    const struct trace *trace;
    const struct streams *streams; /* of its threads; NULL: one thread does all */
    enum worker_mode mode;
    enum worker_touch touch;
    uint64_t warm_budget_ns;
    uint32_t warm_min_passes;
    bool only_peaks; /* see record.h */
    size_t padding_bytes;
    uint64_t timeout_ns;
    const struct sock_fprog *filter;            /* NULL: not traced */
    const struct counter_event *counter_events; /* NULL: the hardware's */

    /* answered */
    enum result_status status;
    char status_text[320]; /* as in struct result: reads on after "crashed: " etc. */
    struct process process;
    struct worker_record *record; /* NULL: not started */
    struct tracer *tracer;        /* NULL: not traced */
    struct callgrind *callgrind;  /* NULL: the machine runs it */
    size_t record_bytes;
};

/* How long a process is given where --timeout does not say: so many seconds, and one
 * more for each JOB_OPS_A_SECOND operations. A pass takes less than a tenth of that. */
enum {
    JOB_OPS_A_SECOND = 100000
};
uint64_t job_patience_ns(uint64_t least_s, const struct trace *trace);

/* false: the status is RESULT_ERROR with its text; job_close is still due. */
bool job_start(struct job *job);

/* One look without waiting; judged as soon as the process has ended. */
void job_poll(struct job *job);

void job_close(struct job *job);

/* Start, watch and judge all jobs, at most `parallel` at a time, in order. Stops early
 * when interrupted: the rest is RESULT_INTERRUPTED. signals_hold must be in force. */
void job_run_all(struct job *jobs, size_t count, size_t parallel);

#endif
