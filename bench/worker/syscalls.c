/* One pass for the system call tracer: marker calls part the phases, and between them
 * the worker itself makes no system call. The parent asks for the touch mode. */
#include "worker/job.h"
#include "worker/touch.h"

void syscalls_run(struct job *job)
{
    touch_pass *pass = touch_pass_for(job->record, job->record->touch);
    uint64_t op_count = job->header->op_count;
    uint64_t all_count = op_count + job->header->epilogue_count;
    job_enter_phase(PHASE_REPLAY);
    bool done = pass(job, 0, op_count);
    job_enter_phase(PHASE_TEARDOWN);
    if (done && pass(job, op_count, all_count)) {
        job->record->status = WORKER_DONE;
    }
}
