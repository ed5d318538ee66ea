#include "runner/job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/ending.h"
#include "process/output.h"
#include "process/signals.h"
#include "runner/counters.h"
#include "runner/mode.h"
#include "runner/worker.h"

static const struct mode *mode_of(const struct job *job)
{
    return &mode_table[job->mode];
}

__attribute__((format(printf, 3, 4))) static void
set_status(struct job *job, enum result_status status, const char *format, ...)
{
    job->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(job->status_text, sizeof job->status_text, format, arguments);
    va_end(arguments);
}

/* A zeroed record in a memfd; its descriptor, or -1. */
static int make_record(struct job *job)
{
    const struct mode *mode = mode_of(job);
    const size_t answer_bytes =
        mode->answer_bytes != NULL ? mode->answer_bytes(job->trace->header) : 0;
    job->record_bytes = sizeof *job->record + answer_bytes;
    int fd = memfd_create("snugbench-record", MFD_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    void *start = MAP_FAILED;
    if (ftruncate(fd, (off_t)job->record_bytes) == 0) {
        start =
            mmap(NULL, job->record_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (start == MAP_FAILED) {
        close(fd);
        return -1;
    }
    job->record = start;
    job->record->sample_capacity = answer_bytes / sizeof *job->record->samples;
    return fd;
}

static void fill_record(const struct job *job)
{
    struct worker_record *record = job->record;
    record->mode = job->mode;
    record->touch = job->touch;
    record->warm_budget_ns = job->warm_budget_ns;
    record->warm_min_passes = job->warm_min_passes;
    record->is_floor = job->allocator->is_floor;
    record->is_lab = job->allocator->is_lab;
    record->only_peaks = job->only_peaks;
    memcpy(record->counter_events,
           job->counter_events != NULL ? job->counter_events : counters_hardware,
           sizeof record->counter_events);
    record->status = WORKER_STARTED;
    if (job->allocator->library != NULL) {
        snprintf(record->expected_library, sizeof record->expected_library, "%s",
                 job->allocator->library);
    }
}

/* Takes hold of a process that waits for it, then lets it go. */
uint64_t job_patience_ns(uint64_t least_s, const struct trace *trace)
{
    return least_s * NS_PER_SECOND +
           trace->header->op_count * (NS_PER_SECOND / JOB_OPS_A_SECOND);
}

static bool start_tracing(struct job *job)
{
    job->tracer = tracer_create(&job->process, job->record, mode_of(job)->finds_peaks);
    if (job->tracer == NULL) {
        set_status(job, RESULT_ERROR, "cannot trace the worker: %s", strerror(errno));
        process_close(&job->process);
        return false;
    }
    process_go(&job->process);
    return true;
}

/* false: the status says why not. */
static bool prepare_callgrind(struct job *job)
{
    if (!mode_of(job)->is_under_callgrind) {
        return true;
    }
    job->callgrind = callgrind_create();
    if (job->callgrind == NULL) {
        set_status(job, RESULT_ERROR, "callgrind cannot be run: %s", strerror(errno));
    }
    return job->callgrind != NULL;
}

bool job_start(struct job *job)
{
    job->process = (struct process){.pid = 0};
    job->record = NULL;
    job->tracer = NULL;
    job->callgrind = NULL;
    set_status(job, RESULT_ERROR, "not judged"); /* until it has ended */
    int record_fd = make_record(job);
    if (record_fd < 0) {
        set_status(job, RESULT_ERROR, "no memory for the worker's record: %s",
                   strerror(errno));
        return false;
    }
    fill_record(job);
    if (!prepare_callgrind(job)) {
        close(record_fd);
        return false;
    }
    const struct worker_plan plan = {
        .tool = "snugbench-worker",
        .launcher = job->callgrind != NULL ? job->callgrind->launcher : NULL,
        .library = job->allocator->library,
        .variables = job->allocator->variables,
        .trace_fd = job->trace->memfd,
        .record_fd = record_fd,
        .streams_fd = job->streams != NULL ? job->streams->memfd : -1,
        .padding_bytes = job->padding_bytes,
        .timeout_ns = job->timeout_ns,
        .filter = job->filter,
    };
    char error[sizeof job->status_text];
    bool started = worker_start(&job->process, &plan, error, sizeof error);
    if (!started) {
        set_status(job, RESULT_ERROR, "%s", error);
    }
    close(record_fd);
    return started && (job->filter == NULL || start_tracing(job));
}

void job_close(struct job *job)
{
    process_close(&job->process);
    tracer_destroy(job->tracer);
    job->tracer = NULL;
    callgrind_destroy(job->callgrind);
    job->callgrind = NULL;
    if (job->record != NULL) {
        munmap(job->record, job->record_bytes);
        job->record = NULL;
    }
}

/* The operation that was reached, as the trace counts it. Of several threads it is the
 * last that any of them began. */
static uint64_t reached_number(const struct job *job)
{
    const uint64_t reached = job->record->current_op;
    const struct trace_header *header = job->trace->header;
    if (job->streams == NULL || reached == 0 ||
        reached > job->streams->header->op_count + header->epilogue_count) {
        return reached;
    }
    return stream_number(job->streams->header, header->op_count, job->trace->ops,
                         reached - 1);
}

/* "at operation 12 of 40 (verify pass)", as far as it is known. */
static void describe_place(const struct job *job, char *text, size_t size)
{
    const char *mode = mode_of(job)->label;
    uint64_t reached = reached_number(job);
    if (!mode_of(job)->keeps_position) {
        snprintf(text, size, "in the %s", mode);
    } else if (reached == 0) {
        snprintf(text, size, "before the first operation (%s)", mode);
    } else if (reached > job->trace->header->op_count) {
        snprintf(text, size, "in the frees that empty the heap (%s)", mode);
    } else {
        snprintf(text, size, "%s operation %" PRIu64 " of %" PRIu64 " (%s)",
                 job->streams != NULL ? "near" : "at", reached,
                 job->trace->header->op_count, mode);
    }
}

static void judge_ending(struct job *job)
{
    char place[96];
    describe_place(job, place, sizeof place);
    job->status = worker_judge(&job->process, place, " (--timeout)", job->status_text,
                               sizeof job->status_text);
}

static void judge_answer(struct job *job)
{
    struct worker_record *record = job->record;
    char line[160];
    record->message[sizeof record->message - 1] = '\0';
    switch ((enum worker_status)record->status) {
    case WORKER_DONE:
        job->status = RESULT_OK;
        job->status_text[0] = '\0';
        break;
    case WORKER_WRONG_LIBRARY:
        output_first_line(job->process.output_fd, line, sizeof line);
        set_status(job, RESULT_PRELOAD_FAILED, "%s%s%s", record->message,
                   line[0] != '\0' ? "; it printed: " : "", line);
        break;
    case WORKER_VERIFY_FAILED:
        set_status(job, RESULT_VERIFY_FAILED, "%s", record->message);
        break;
    case WORKER_OUT_OF_MEMORY:
        set_status(job, RESULT_OUT_OF_MEMORY, "%s (%s)", record->message,
                   mode_of(job)->label);
        break;
    case WORKER_STARTED:
    case WORKER_INTERNAL_ERROR:
    default:
        set_status(job, RESULT_ERROR, "%s (%s)", record->message, mode_of(job)->label);
        break;
    }
}

void job_poll(struct job *job)
{
    struct process *process = &job->process;
    if (job->tracer != NULL) {
        tracer_poll(job->tracer, process);
    } else {
        process_poll(process);
    }
    if (!process->ended) {
        return;
    }
    if (!ending_is_good(ending_of(process)) || job->record->status == WORKER_STARTED) {
        judge_ending(job);
    } else {
        judge_answer(job);
    }
}

/* One look at every running job; returns the next deadline, and counts those that run.
 */
static uint64_t poll_jobs(struct job *jobs, size_t count, size_t *running)
{
    uint64_t deadline_ns = UINT64_MAX;
    *running = 0;
    for (size_t i = 0; i < count; i++) {
        const struct process *process = &jobs[i].process;
        if (process->pid == 0 || process->ended) {
            continue;
        }
        job_poll(&jobs[i]);
        if (process->ended) {
            continue;
        }
        ++*running;
        if (process->deadline_ns < deadline_ns) {
            deadline_ns = process->deadline_ns;
        }
    }
    return deadline_ns;
}

static void interrupt_jobs(struct job *jobs, size_t started, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct job *job = &jobs[i];
        bool is_running = i < started && job->process.pid > 0 && !job->process.ended;
        if (i >= started || is_running) {
            set_status(job, RESULT_INTERRUPTED, "during the %s", mode_of(job)->label);
        }
        if (is_running) {
            process_kill(&job->process); /* reaped by job_close */
        }
    }
}

void job_run_all(struct job *jobs, size_t count, size_t parallel)
{
    size_t started = 0;
    size_t running = 0;
    while (started < count || running > 0) {
        if (signals_interrupted()) {
            interrupt_jobs(jobs, started, count);
            return;
        }
        uint64_t deadline_ns = poll_jobs(jobs, started, &running);
        if (running < parallel && started < count) {
            running += job_start(&jobs[started++]);
        } else if (running > 0) {
            signals_wait(deadline_ns);
        }
    }
}
