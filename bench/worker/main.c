/* snugbench-worker TRACE_FD RECORD_FD [STREAMS_FD]: one job in one fresh process.
 * Started by snugbench with the allocator to measure preloaded; worker/record.h is the
 * contract. */
#include <stdlib.h>
#include <unistd.h>

#include "worker/job.h"
#include "worker/library.h"
#include "worker/message.h"

#define WORKER_MODE_RUN(name, run, ...) [WORKER_##name] = run,
static void (*const mode_runs[WORKER_MODE_COUNT])(struct job *job) = {
    WORKER_MODES(WORKER_MODE_RUN)};

static void run(struct job *job)
{
    const uint32_t mode = job->record->mode;
    if (mode < WORKER_MODE_COUNT) {
        mode_runs[mode](job);
        return;
    }
    message_add(job->record, "unknown mode %lu", (uint64_t)mode);
    job_fail(job, WORKER_INTERNAL_ERROR, 0);
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
        "snugbench: worker: usage: snugbench-worker TRACE_FD RECORD_FD [STREAMS_FD]; "
        "'snugbench replay' starts it\n";
    int trace_fd;
    int record_fd;
    int streams_fd = -1;
    if (argc < 3 || argc > 4 || !parse_fd(argv[1], &trace_fd) ||
        !parse_fd(argv[2], &record_fd) ||
        (argc == 4 && !parse_fd(argv[3], &streams_fd))) {
        (void)!write(STDERR_FILENO, usage, sizeof usage - 1);
        return 2;
    }
    struct job job;
    if (!job_open(&job, trace_fd, record_fd, streams_fd)) {
        return job.record == NULL ? 2 : 0;
    }
    if (library_check(&job)) {
        run(&job);
    }
    return 0;
}
