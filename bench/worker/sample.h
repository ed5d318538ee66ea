/* The memory of this process, read from /proc without an allocation. */
#ifndef SNUGBENCH_WORKER_SAMPLE_H
#define SNUGBENCH_WORKER_SAMPLE_H

#include "worker/job.h"

struct sampler {
    int rollup_fd;
    int statm_fd;
};

/* false: the record says which file could not be read. */
bool sampler_open(struct sampler *sampler, struct job *job);

/* Fill in the sizes of `sample` as they are now; exact. O(resident pages), two system
 * calls. false: the record says what could not be read. */
bool sampler_read(const struct sampler *sampler, struct job *job,
                  struct worker_sample *sample);

#endif
