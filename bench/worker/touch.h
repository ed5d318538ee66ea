/* Writing to fresh blocks as the record asks: observers of the replay loop that do
 * nothing else. Each instance of the loop is a pass over part of the trace. */
#ifndef SNUGBENCH_WORKER_TOUCH_H
#define SNUGBENCH_WORKER_TOUCH_H

#include "worker/job.h"

/* What a pass does to one fresh block, as an observer's `after_alloc`. */
typedef bool touch_function(struct job *job, const struct trace_op *op,
                            unsigned char *block, uint64_t bytes);

/* The pass for a touch mode. Under the floor, whose blocks overlap and are shorter than
 * asked for, never more than the first byte. */
job_pass *touch_pass_for(const struct worker_record *record, enum worker_touch touch);
touch_function *touch_after_alloc(const struct worker_record *record,
                                  enum worker_touch touch);

#endif
