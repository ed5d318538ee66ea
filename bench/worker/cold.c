/* One timed pass in a fresh process: what a short program pays. */
#include "worker/job.h"
#include "worker/timing.h"
#include "worker/touch.h"

void cold_run(struct job *job)
{
    job_pass *pass = touch_pass_for(job->record, job->record->touch);
    if (timing_pass(job, pass)) {
        job->record->status = WORKER_DONE;
    }
}
