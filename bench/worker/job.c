#include "worker/job.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/message.h"
#include "worker/packed.h"
#include "worker/thread_group.h"

void *job_pages(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

void job_enter_phase(enum worker_phase phase)
{
    prctl(WORKER_MARK_PRCTL, phase, 0, 0, 0);
}

void job_begin_failure(void)
{
    static bool has_begun;
    if (__atomic_exchange_n(&has_begun, true, __ATOMIC_RELAXED)) {
        for (;;) {
            pause();
        }
    }
}

uint64_t job_begin_failure_at(struct job *job, const struct trace_op *op)
{
    uint64_t number = (uint64_t)(op - job->ops) + 1;
    job_begin_failure();
    if (job->streams != NULL) {
        number = stream_number(job->streams, job->header->op_count, job->trace_ops,
                               number - 1);
        message_add(job->record, "operation %lu (thread %lu): ", number,
                    (uint64_t)op->thread);
    } else {
        message_add(job->record, "operation %lu: ", number);
    }
    message_add_call(job->record, &job->trace_ops[number - 1]);
    return number;
}

bool job_fail(struct job *job, enum worker_status status, uint64_t number)
{
    job->record->failed_op = number;
    job->record->status = status;
    return false;
}

static const unsigned char *map_image(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size <= 0) {
        return NULL;
    }
    void *start =
        mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    return start == MAP_FAILED ? NULL : start;
}

static struct worker_record *map_record(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 ||
        status.st_size < (off_t)sizeof(struct worker_record)) {
        return NULL;
    }
    void *start = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_POPULATE, fd, 0);
    return start == MAP_FAILED ? NULL : start;
}

static bool map_trace(struct job *job, int trace_fd)
{
    const unsigned char *image = map_image(trace_fd);
    if (image == NULL) {
        message_add(job->record, "cannot map the trace: %s", strerrordesc_np(errno));
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    job->header = (const struct trace_header *)image;
    if (job->header->magic != TRACE_MAGIC) {
        message_add(job->record, "the trace image has the wrong magic number");
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    job->trace_ops = (const struct trace_op *)(image + job->header->ops_offset);
    job->ops = job->trace_ops;
    job->slot_count = job->header->slot_count;
    job->samples = (const uint64_t *)(image + job->header->samples_offset);
    return true;
}

static bool map_streams(struct job *job, int streams_fd)
{
    job->streams = (const struct stream_header *)map_image(streams_fd);
    if (job->streams == NULL || job->streams->magic != STREAM_MAGIC) {
        message_add(job->record, "cannot map the streams of the trace: %s",
                    strerrordesc_np(errno));
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    job->ops = stream_ops(job->streams);
    job->slot_count = job->streams->slot_count;
    return true;
}

bool job_open(struct job *job, int trace_fd, int record_fd, int streams_fd)
{
    static const char no_record[] = "snugbench: worker: cannot map the record; start "
                                    "it through 'snugbench replay'\n";
    *job = (struct job){.record = map_record(record_fd)};
    if (job->record == NULL) {
        (void)!write(STDERR_FILENO, no_record, sizeof no_record - 1);
        return false;
    }
    if (!map_trace(job, trace_fd) ||
        (streams_fd >= 0 && !map_streams(job, streams_fd))) {
        return false;
    }
    job->table = job_pages(job->slot_count * sizeof *job->table);
    job->sizes = job_pages(job->slot_count * sizeof *job->sizes);
    if (job->table == NULL || job->sizes == NULL) {
        message_add(job->record, "no memory for a table of %lu slots", job->slot_count);
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    if (!packed_open(job)) {
        message_add(job->record, "no memory to pack the trace");
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    return job->streams == NULL || thread_group_open(job);
}
