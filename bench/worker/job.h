/* The job of this process: what it was asked, the trace, and the tables it replays
 * into.
 *
 * All memory of the worker's own is mapped and faulted in before the first operation:
 * nothing here calls malloc, so that every block of the heap is the trace's.
 *
 * Invariant: table[slot] is NULL exactly while the slot is empty (or holds the NULL
 * that a request of 0 bytes may give); table[0] is always NULL. */
#ifndef SNUGBENCH_WORKER_JOB_H
#define SNUGBENCH_WORKER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/op.h"
#include "trace/stream.h"
#include "worker/record.h"

struct job {
    const struct trace_header *header;
    const struct trace_op *trace_ops; /* in their one total order */
    const uint64_t *samples;
    struct worker_record *record;

    /* What is replayed: the trace's operations or, with several threads, those of all
     * streams, each followed by an epilogue. */
    const struct trace_op *ops;
    const uint32_t *words; /* the same, see packed.h */
    const uint32_t *const *word_marks;
    const struct stream_header *streams; /* NULL: one thread does all */
    uint64_t slot_count;
    void **table;
    uint64_t *sizes; /* requested bytes by slot; kept by the modes that need them */

    /* Each thread has a copy of the job, with these of its own; see thread_group.h. */
    uint32_t seat; /* 0: the main thread */
    uint64_t waited_ns;
};

/* Operations [from, to) of job->ops. false: stopped early, the record says why. */
typedef bool job_pass(struct job *job, uint64_t from, uint64_t to);

/* Map trace, record and, if its descriptor is not negative, the streams; and the
 * tables. false: the reason is in the record, or on stderr if there is no record to
 * write it to. */
bool job_open(struct job *job, int trace_fd, int record_fd, int streams_fd);

/* Zeroed, resident pages of the worker's own. NULL: no memory (errno). */
void *job_pages(size_t bytes);

/* To be called before the first message_add of a failure: of several threads that fail
 * only one returns, the others wait for the end of the process. */
void job_begin_failure(void);

/* The same for a failure at `op`, one of job->ops: begins the message with "operation
 * 17: malloc(24)". Returns its number, from 1. */
uint64_t job_begin_failure_at(struct job *job, const struct trace_op *op);

/* Record the end of a failed job at operation `number` (0: none). The message itself is
 * added by message_add. Always false, so that observers can return it. */
bool job_fail(struct job *job, enum worker_status status, uint64_t number);

/* Tell the tracer, if there is one, what begins now. */
void job_enter_phase(enum worker_phase phase);

/* verify_run and the other modes, each in a file of its own. They leave the status in
 * the record. */
#define WORKER_MODE_PROTOTYPE(name, run, ...) void run(struct job *job);
WORKER_MODES(WORKER_MODE_PROTOTYPE)

#endif
