/* The time of every single call, on a heap that has settled as for warm passes. Two
 * readings of a clock stand around the call and nothing else: the pointer that is freed
 * is fetched before, the fresh block is written and the histogram counted after. */
#include "worker/latency.h"

#include <string.h>
#include <sys/mman.h>

#include "worker/job.h"
#include "worker/thread_group.h"
#include "worker/ticks.h"
#include "worker/timing.h"
#include "worker/touch.h"

enum {
    LATENCY_OPS = 200000, /* at least, in whole passes: the same for every allocator */
    EMPTY_PAIRS = 10000,
    PAIR_TRIES = 20,
};

/* The replay loop has no other place to keep them. */
static struct worker_latency *latency; /* the answer, and what the main thread counts */
static struct worker_latency *others;  /* of the threads from seat 1 on */
static touch_function *touch_block;
static bool has_tsc;
static __thread uint64_t before_ticks;

static inline uint64_t read_ticks(void)
{
    return has_tsc ? ticks_tsc() : ticks_monotonic();
}

static void count(const struct job *job, const struct trace_op *op, uint64_t bytes,
                  uint64_t ticks)
{
    static const uint8_t kinds[TRACE_KIND_COUNT] = {
        [TRACE_MALLOC] = LATENCY_MALLOC,   [TRACE_CALLOC] = LATENCY_CALLOC,
        [TRACE_REALLOC] = LATENCY_REALLOC, [TRACE_MEMALIGN] = LATENCY_ALIGNED,
        [TRACE_FREE] = LATENCY_FREE,       [TRACE_FREE_SIZED] = LATENCY_FREE,
    };
    enum latency_kind kind = kinds[op->kind];
    if (kind == LATENCY_FREE) {
        bytes = job->sizes[op->slot];
    }
    struct worker_latency *own = job->seat == 0 ? latency : &others[job->seat - 1];
    histogram_add(&own->operations[kind][latency_class_of(bytes)], ticks);
}

static inline void before_call(void)
{
    before_ticks = read_ticks();
}

static inline void after_call(const struct job *job, const struct trace_op *op,
                              uint64_t bytes)
{
    uint64_t after_ticks = read_ticks();
    count(job, op, bytes, after_ticks - before_ticks);
}

#define REPLAY_BEFORE_CALL before_call
#define REPLAY_AFTER_CALL after_call
#include "worker/replay.h"

static bool after_alloc_sized(struct job *job, const struct trace_op *op,
                              unsigned char *block, uint64_t bytes)
{
    bool touched = touch_block(job, op, block, bytes);
    job->sizes[op->slot] = bytes;
    return touched;
}

static bool clocked_pass(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {.after_alloc = after_alloc_sized};
    return replay(job, from, to, &observer);
}

/* Both clocks at one moment: of several tries, the one that took least. */
static void read_both(uint64_t *ticks, uint64_t *ns)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < PAIR_TRIES; i++) {
        uint64_t start = read_ticks();
        uint64_t middle_ns = ticks_monotonic();
        uint64_t taken = read_ticks() - start;
        if (taken < least) {
            least = taken;
            *ticks = start + taken / 2;
            *ns = middle_ns;
        }
    }
}

static void time_nothing(void)
{
    for (int i = 0; i < EMPTY_PAIRS; i++) {
        before_call();
        uint64_t after_ticks = read_ticks();
        histogram_add(&latency->nothing, after_ticks - before_ticks);
    }
}

static bool run_passes(struct job *job)
{
    struct worker_record *record = job->record;
    job_pass *plain = touch_pass_for(record, record->touch);
    do {
        if (!thread_group_pass(job, clocked_pass) ||
            !thread_group_epilogue(job, plain)) {
            return false;
        }
        record->pass_count++;
    } while (record->pass_count * job->header->op_count < LATENCY_OPS &&
             record->pass_count < WORKER_MAX_PASSES);
    return true;
}

/* Where each seat beside the first counts; pages that nobody touches take no memory,
 * and the first touch of one comes after the clock is read. */
static bool open_others(struct job *job)
{
    const size_t bytes = (size_t)job->streams->seat_count * sizeof *others;
    others = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (others == MAP_FAILED) {
        message_add(job->record, "no memory for the latencies of %lu threads",
                    job->streams->seat_count);
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    return true;
}

static void add_others(const struct job *job)
{
    for (uint64_t i = 0; i < job->streams->seat_count; i++) {
        for (size_t kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
            for (size_t class = 0; class < LATENCY_CLASS_COUNT; class ++) {
                histogram_add_all(&latency->operations[kind][class],
                                  &others[i].operations[kind][class]);
            }
        }
    }
}

void latency_run(struct job *job)
{
    uint64_t start_ticks;
    uint64_t start_ns;
    latency = worker_record_latency(job->record);
    memset(latency, 0, sizeof *latency); /* faults it in */
    has_tsc = ticks_has_tsc();
    latency->clock = has_tsc ? LATENCY_CLOCK_TSC : LATENCY_CLOCK_MONOTONIC;
    touch_block = touch_after_alloc(job->record, job->record->touch);
    read_both(&start_ticks, &start_ns);
    time_nothing();
    if ((job->streams != NULL && !open_others(job)) || !timing_warm_up(job) ||
        !run_passes(job)) {
        return;
    }
    if (job->streams != NULL) {
        add_others(job);
    }
    read_both(&latency->ticks, &latency->ns);
    latency->ticks -= start_ticks;
    latency->ns -= start_ns;
    job->record->status = WORKER_DONE;
}
