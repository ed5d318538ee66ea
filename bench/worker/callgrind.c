/* Under valgrind's callgrind, which counts the instructions of the one function that
 * the parent names, everything it calls included. So many passes warm up, whatever the
 * faults say: each run does the same. */
#include "worker/job.h"
#include "worker/touch.h"

enum {
    WARM_UP_PASSES = 2
};

/* Known to callgrind by its name: neither inlined nor local. */
bool worker_counted_pass(struct job *job, job_pass *pass);

__attribute__((noinline)) bool worker_counted_pass(struct job *job, job_pass *pass)
{
    bool done = pass(job, 0, job->header->op_count);
    job->record->pass_count = done; /* it returns here, and not from the pass */
    return done;
}

void callgrind_run(struct job *job)
{
    struct worker_record *record = job->record;
    job_pass *warm_up = touch_pass_for(record, TOUCH_PAGE);
    job_pass *pass = touch_pass_for(record, record->touch);
    const uint64_t op_count = job->header->op_count;
    const uint64_t all_count = op_count + job->header->epilogue_count;
    for (int i = 0; i < WARM_UP_PASSES; i++) {
        if (!warm_up(job, 0, all_count)) {
            return;
        }
    }
    if (worker_counted_pass(job, pass)) {
        record->status = WORKER_DONE;
    }
}
