#include "worker/timing.h"

#include <sys/resource.h>
#include <time.h>

#include "worker/thread_group.h"
#include "worker/touch.h"

enum {
    WARM_UP_LIMIT = 3, /* passes */
    /* A pass with no more than a fault in so many operations is settled: at 0.5 to 1 us
     * a fault it is off by less than a nanosecond an operation. */
    SETTLED_OPS_PER_FAULT = 1024,
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t timing_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* The trace's own operations; the time goes to the record. */
static bool timed_pass(struct job *job, job_pass *pass)
{
    struct worker_record *record = job->record;
    uint64_t start_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t start_ns = timing_now_ns();
    bool done = thread_group_pass(job, pass);
    uint64_t end_ns = timing_now_ns();
    uint64_t end_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (done) {
        record->pass_cpu_ns[record->pass_count] = end_cpu_ns - start_cpu_ns;
        record->pass_waited_ns[record->pass_count] = job->waited_ns;
        record->pass_ns[record->pass_count++] = end_ns - start_ns;
    }
    return done;
}

/* Faults and switches since `before`, for the record. */
static void record_usage(struct job *job, const struct rusage *before)
{
    struct worker_record *record = job->record;
    struct rusage after;
    getrusage(RUSAGE_SELF, &after);
    record->minor_faults += (uint64_t)(after.ru_minflt - before->ru_minflt);
    record->major_faults += (uint64_t)(after.ru_majflt - before->ru_majflt);
    record->involuntary_switches += (uint64_t)(after.ru_nivcsw - before->ru_nivcsw);
}

bool timing_pass(struct job *job, job_pass *pass)
{
    struct rusage before;
    timing_now_ns(); /* faults in the clock's own page */
    getrusage(RUSAGE_SELF, &before);
    if (!timed_pass(job, pass)) {
        return false;
    }
    record_usage(job, &before);
    return true;
}

static uint64_t faults_so_far(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

bool timing_warm_up(struct job *job)
{
    struct worker_record *record = job->record;
    job_pass *pass = touch_pass_for(record, TOUCH_PAGE);
    const uint64_t few = job->header->op_count / SETTLED_OPS_PER_FAULT;
    uint64_t faults = UINT64_MAX;
    uint64_t faults_before;
    do {
        faults_before = faults;
        const uint64_t start = faults_so_far();
        if (!thread_group_pass(job, pass)) {
            return false;
        }
        faults = faults_so_far() - start;
        if (!thread_group_epilogue(job, pass)) {
            return false;
        }
        record->warm_up_pass_count++;
    } while (record->warm_up_pass_count < WARM_UP_LIMIT && faults > few &&
             faults < faults_before - faults_before / 8);
    return true;
}
