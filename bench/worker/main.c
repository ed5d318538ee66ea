/* snugbench-worker TRACE_FD RECORD_FD: one job in one fresh process. Started by
 * snugbench with the allocator to measure preloaded; worker/record.h is the contract.
 */
#include <stdlib.h>
#include <unistd.h>

#include "worker/job.h"
#include "worker/library.h"
#include "worker/message.h"

static void run(struct job *job)
{
    switch (job->record->mode) {
    case WORKER_VERIFY:
        verify_run(job);
        break;
    case WORKER_COLD:
        time_cold(job);
        break;
    case WORKER_WARM:
        time_warm(job);
        break;
    case WORKER_MEMORY:
        memory_run(job);
        break;
    case WORKER_SYSCALLS:
        syscalls_run(job);
        break;
    default:
        message_add(job->record, "unknown mode %lu", (uint64_t)job->record->mode);
        job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
}

static bool parse_fd(const char *text, int *fd)
{
    char *end;
    long value = strtol(text, &end, 10);
    *fd = (int)value;
    return end != text && *end == '\0' && value >= 0 && value < 1 << 20;
}

int main(int argc, char **argv)
{
    static const char usage[] =
        "snugbench: worker: usage: snugbench-worker TRACE_FD RECORD_FD; "
        "'snugbench replay' starts it\n";
    int trace_fd;
    int record_fd;
    if (argc != 3 || !parse_fd(argv[1], &trace_fd) || !parse_fd(argv[2], &record_fd)) {
        (void)!write(STDERR_FILENO, usage, sizeof usage - 1);
        return 2;
    }
    struct job job;
    if (!job_open(&job, trace_fd, record_fd)) {
        return job.record == NULL ? 2 : 0;
    }
    if (library_check(&job)) {
        run(&job);
    }
    return 0;
}
