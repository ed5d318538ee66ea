/* What the processor counts in warm passes: a few system calls around each whole pass,
 * and nothing in it. */
#include "worker/counters.h"

#include <errno.h>
#include <sys/prctl.h>

#include "worker/job.h"
#include "worker/timing.h"
#include "worker/touch.h"

enum {
    COUNTED_OPS = 1000000, /* at least, in whole passes: the same for every allocator */
};

static void open_counters(struct worker_record *record, int fds[COUNTER_COUNT])
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        fds[i] = counter_open(record->counter_events[i]);
        record->counters[i].error = fds[i] < 0 ? (uint64_t)errno : 0;
    }
}

static void read_counters(struct worker_record *record, const int fds[COUNTER_COUNT])
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        struct counter_count *counter = &record->counters[i];
        uint64_t values[3]; /* in the order of read_format */
        if (fds[i] < 0) {
            continue;
        }
        if (read(fds[i], values, sizeof values) != sizeof values) {
            counter->error = (uint64_t)errno;
            continue;
        }
        counter->count = values[0];
        counter->enabled_ns = values[1];
        counter->running_ns = values[2];
    }
}

static bool counted_pass(struct job *job, job_pass *pass)
{
    prctl(PR_TASK_PERF_EVENTS_ENABLE);
    bool done = pass(job, 0, job->header->op_count);
    prctl(PR_TASK_PERF_EVENTS_DISABLE);
    return done;
}

static bool run_passes(struct job *job)
{
    struct worker_record *record = job->record;
    job_pass *pass = touch_pass_for(record, record->touch);
    const uint64_t op_count = job->header->op_count;
    const uint64_t all_count = op_count + job->header->epilogue_count;
    do {
        if (!counted_pass(job, pass) || !pass(job, op_count, all_count)) {
            return false;
        }
        record->pass_count++;
    } while (record->pass_count * op_count < COUNTED_OPS &&
             record->pass_count < WORKER_MAX_PASSES);
    return true;
}

void counters_run(struct job *job)
{
    int fds[COUNTER_COUNT];
    open_counters(job->record, fds);
    if (!timing_warm_up(job) || !run_passes(job)) {
        return;
    }
    read_counters(job->record, fds);
    job->record->status = WORKER_DONE;
}
