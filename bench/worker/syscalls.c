/* One pass for the system call tracer: marker calls part the phases, and between them
 * the worker itself makes no call but those of its threads. The parent asks for the
 * touch mode. */
#include "worker/job.h"
#include "worker/thread_group.h"
#include "worker/touch.h"

void syscalls_run(struct job *job)
{
    job_pass *pass = touch_pass_for(job->record, job->record->touch);
    job_enter_phase(PHASE_REPLAY);
    bool done = thread_group_pass(job, pass);
    job_enter_phase(PHASE_TEARDOWN);
    if (done && thread_group_epilogue(job, pass)) {
        job->record->status = WORKER_DONE;
    }
}
