/* Passes that are timed as a whole, and those that settle the heap before them. */
#ifndef SNUGBENCH_WORKER_TIMING_H
#define SNUGBENCH_WORKER_TIMING_H

#include "worker/job.h"

uint64_t timing_now_ns(void);

/* The trace's own operations once; time, faults and switches go to the record. false:
 * the record says why. Begins and ends with the threads, if there are several. */
bool timing_pass(struct job *job, job_pass *pass);

/* Whole passes, a byte written in every page of every block, until they take hardly any
 * faults or no fewer than the one before (less an eighth). false: as above. */
bool timing_warm_up(struct job *job);

#endif
