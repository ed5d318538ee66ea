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
#include "worker/record.h"

struct job {
    const struct trace_header *header;
    const struct trace_op *ops; /* one beyond the last can be read */
    const uint64_t *samples;
    struct worker_record *record;
    void **table;
    uint64_t *sizes; /* requested bytes by slot; kept by the modes that need them */
};

/* Map trace and record, and the tables. false: the reason is in the record, or on
 * stderr if there is no record to write it to. */
bool job_open(struct job *job, int trace_fd, int record_fd);

/* Zeroed, resident pages of the worker's own. NULL: no memory (errno). */
void *job_pages(size_t bytes);

/* Record the end of a failed job at operation `number` (from 1; 0: none). The message
 * itself is added by message_add. Always false, so that observers can return it. */
bool job_fail(struct job *job, enum worker_status status, uint64_t number);

/* Tell the tracer, if there is one, what begins now. */
void job_enter_phase(enum worker_phase phase);

/* verify_run and the other modes, each in a file of its own. They leave the status in
 * the record. */
#define WORKER_MODE_PROTOTYPE(name, run, ...) void run(struct job *job);
WORKER_MODES(WORKER_MODE_PROTOTYPE)

#endif
