/* Timed passes when untimed ones have settled the heap, until the time budget is spent:
 * what a long-running program pays. */
#include "worker/job.h"
#include "worker/thread_group.h"
#include "worker/timing.h"
#include "worker/touch.h"

/* The budget is wall time, warming up and emptying the heap between passes included:
 * that is what the user waits for. */
void warm_run(struct job *job)
{
    struct worker_record *record = job->record;
    job_pass *pass = touch_pass_for(record, record->touch);
    uint64_t start_ns = timing_now_ns();
    if (!timing_warm_up(job)) {
        return;
    }
    while (record->pass_count < WORKER_MAX_PASSES &&
           (record->pass_count < record->warm_min_passes ||
            timing_now_ns() - start_ns < record->warm_budget_ns)) {
        if (!timing_pass(job, pass) || !thread_group_epilogue(job, pass)) {
            return;
        }
    }
    record->status = WORKER_DONE;
}
