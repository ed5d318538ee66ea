/* Traces of several threads, and their replay. */
#ifndef SNUGBENCH_TEST_THREADED_CASE_H
#define SNUGBENCH_TEST_THREADED_CASE_H

#include "worker_case.h"

#include "runner/allocators.h"
#include "runner/mode.h"
#include "runner/tracer.h"
#include "trace/streams.h"

enum {
    BROKEN_BYTES = 1000, /* as in broken/libc.h */
    MANY_THREADS = 1000
};

/* Thread and operation. */
#define BY(op_thread, ...) by(op_thread, (struct trace_op)__VA_ARGS__)

static inline struct trace_op by(unsigned thread, struct trace_op op)
{
    op.thread = (uint16_t)thread;
    return op;
}

struct threaded {
    struct trace *trace;
    struct streams *streams;
};

static inline struct threaded part(struct trace *trace)
{
    struct trace_error error = {""};
    struct streams *streams = streams_create(trace, &error);
    if (streams == NULL) {
        fail_msg("%s", error.text);
    }
    return (struct threaded){trace, streams};
}

static inline void drop(struct threaded *threaded)
{
    streams_destroy(threaded->streams);
    trace_destroy(threaded->trace);
}

static inline struct job run_threads(const struct threaded *threaded,
                                     const struct allocator *allocator,
                                     enum worker_mode mode,
                                     const struct sock_fprog *filter)
{
    struct job job = {
        .allocator = allocator,
        .trace = threaded->trace,
        .streams = threaded->streams,
        .mode = mode,
        .touch = TOUCH_FIRST,
        .warm_min_passes = 3,
        .timeout_ns = timeout_ns,
        .filter = filter,
    };
    job_run_all(&job, 1, 1);
    assert_non_null(job.record);
    return job;
}

static inline void assert_ok(const struct job *job)
{
    if (job->status != RESULT_OK) {
        fail_msg("%s: %s", mode_table[job->mode].label, job->status_text);
    }
}

/* `width` of `threads` at a time, each with blocks of its own and one of another. */
static inline struct threaded make_short_threads(unsigned threads, unsigned width)
{
    struct trace_op *ops = calloc((size_t)threads * 4, sizeof *ops);
    size_t count = 0;
    for (unsigned first = 0; first < threads; first += width) {
        for (unsigned i = first; i < first + width; i++) {
            ops[count++] = by(i, (struct trace_op)MALLOC(1 + i, 100));
        }
        for (unsigned i = first; i < first + width; i++) {
            ops[count++] = by(i, (struct trace_op)REALLOC(1 + i, 200));
            ops[count++] =
                by(i, i > 0 ? (struct trace_op)FREE(i) : (struct trace_op)MARK);
        }
    }
    struct threaded threaded = part(make_trace(ops, count));
    free(ops);
    return threaded;
}

/* How often calls that begin with `name` are made in the replay. */
static inline uint64_t calls_of(const struct threaded *threaded,
                                const struct allocator *allocator,
                                const struct sock_fprog *filter, const char *name)
{
    struct job job = run_threads(threaded, allocator, WORKER_SYSCALLS, filter);
    struct syscall_counts counts = {.measured = false};
    uint64_t calls = 0;
    assert_ok(&job);
    tracer_take_counts(job.tracer, &counts);
    for (size_t i = 0; i < counts.count; i++) {
        if (strncmp(counts.items[i].name, name, strlen(name)) == 0) {
            calls += counts.items[i].calls[PHASE_REPLAY];
        }
    }
    free(counts.items);
    job_close(&job);
    return calls;
}

#endif
