/* Timed passes: cold in a fresh process, warm until the budget is spent. */
#include <sys/resource.h>
#include <time.h>

#include "worker/job.h"
#include "worker/touch.h"

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The trace's own operations; the time goes to the record. */
static bool timed_pass(struct job *job, touch_pass *pass)
{
    struct worker_record *record = job->record;
    uint64_t start_ns = now_ns();
    bool done = pass(job, 0, job->header->op_count);
    uint64_t end_ns = now_ns();
    if (done) {
        record->pass_ns[record->pass_count++] = end_ns - start_ns;
    }
    return done;
}

/* The first pass, with the page faults it took. */
static bool first_pass(struct job *job, touch_pass *pass, struct rusage *before)
{
    struct rusage after;
    now_ns(); /* faults in the clock's own page */
    getrusage(RUSAGE_SELF, before);
    if (!timed_pass(job, pass)) {
        return false;
    }
    getrusage(RUSAGE_SELF, &after);
    job->record->minor_faults = (uint64_t)(after.ru_minflt - before->ru_minflt);
    job->record->major_faults = (uint64_t)(after.ru_majflt - before->ru_majflt);
    job->record->involuntary_switches = (uint64_t)(after.ru_nivcsw - before->ru_nivcsw);
    return true;
}

void time_cold(struct job *job)
{
    struct rusage before;
    if (first_pass(job, touch_pass_for(job->record), &before)) {
        job->record->status = WORKER_DONE;
    }
}

/* The budget is wall time, emptying the heap between passes included: that is what the
 * user waits for. */
void time_warm(struct job *job)
{
    struct worker_record *record = job->record;
    touch_pass *pass = touch_pass_for(record);
    uint64_t op_count = job->header->op_count;
    uint64_t all_count = op_count + job->header->epilogue_count;
    struct rusage before;
    struct rusage after;
    uint64_t start_ns = now_ns();
    if (!first_pass(job, pass, &before) || !pass(job, op_count, all_count)) {
        return;
    }
    while (record->pass_count < WORKER_MAX_PASSES &&
           (record->pass_count < record->warm_min_passes ||
            now_ns() - start_ns < record->warm_budget_ns)) {
        if (!timed_pass(job, pass) || !pass(job, op_count, all_count)) {
            return;
        }
    }
    getrusage(RUSAGE_SELF, &after);
    record->involuntary_switches = (uint64_t)(after.ru_nivcsw - before.ru_nivcsw);
    record->status = WORKER_DONE;
}
