#include "runner/schedule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/capacity.h"
#include "runner/dice.h"
#include "runner/forecast.h"
#include "runner/job.h"
#include "runner/progress.h"
#include "runner/run.h"
#include "runner/signals.h"
#include "runner/tracer.h"

enum {
    NS_PER_MS = 1000000,
    NS_PER_SECOND = 1000000000,
    BYTES_PER_MIB = 1 << 20,
    /* What a process under the worst allocator takes, in peaks of live bytes. */
    RESIDENT_PEAKS = 3,
};

/* So that 18 traces of 20 thousand to 2 million operations and 8 allocators stay below
 * 4 minutes on 2 cores. */
const struct schedule_options schedule_defaults = {
    .passes = PASS_ALL,
    .min_rounds = 5,
    .max_rounds = 20,
    .budget_ns = 5ull * NS_PER_SECOND,
    .timeout_ns = 60ull * NS_PER_SECOND,
    .warm_budget_ns = 40ull * NS_PER_MS,
    .warm_min_passes = 3,
};

/* The memory pass itself waits a second to see what is given back late. */
static const uint64_t memory_sleep_ns = NS_PER_SECOND;

struct schedule {
    struct run *run;
    const struct schedule_options *options;
    struct dice dice;
    struct progress progress;
    struct sock_fprog *filter; /* for traced passes; NULL: not asked for, or refused */
    size_t trace_index;
    const struct trace *trace;
    struct forecast forecast; /* of this trace */
};

static struct result *result_of(const struct schedule *schedule, size_t allocator_index)
{
    return run_result(schedule->run, schedule->trace_index, allocator_index);
}

__attribute__((format(printf, 3, 4))) static void
set_all(const struct schedule *schedule, enum result_status status, const char *format,
        ...)
{
    char text[sizeof((struct result *)0)->status_text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < schedule->run->allocator_count; i++) {
        struct result *result = result_of(schedule, i);
        if (result->status == RESULT_OK) {
            result->status = status;
            memcpy(result->status_text, text, sizeof text);
        }
    }
}

static enum worker_touch touch_of(const struct schedule *schedule,
                                  enum worker_mode mode)
{
    switch (mode) {
    case WORKER_COLD:
        return schedule->run->cold_touch;
    case WORKER_WARM:
    case WORKER_SYSCALLS:
        return schedule->run->warm_touch;
    case WORKER_VERIFY:
    case WORKER_MEMORY:
        break;
    }
    return TOUCH_ALL;
}

static struct job make_job(struct schedule *schedule, size_t allocator_index,
                           enum worker_mode mode)
{
    bool is_traced = mode == WORKER_MEMORY || mode == WORKER_SYSCALLS;
    return (struct job){
        .allocator = &schedule->run->allocators[allocator_index],
        .trace = schedule->trace,
        .mode = mode,
        .touch = touch_of(schedule, mode),
        .warm_budget_ns = schedule->options->warm_budget_ns,
        .warm_min_passes = schedule->options->warm_min_passes,
        .padding_bytes =
            (size_t)dice_below(&schedule->dice, PROCESS_PADDING_LIMIT_BYTES),
        .timeout_ns = schedule->options->timeout_ns +
                      (mode == WORKER_MEMORY ? memory_sleep_ns : 0),
        .filter = is_traced ? schedule->filter : NULL,
    };
}

/* true: it went well. What failed keeps its reason and loses its speed. */
static bool take_status(struct result *result, const struct job *job)
{
    if (job->status == RESULT_OK) {
        return true;
    }
    result->status = job->status;
    memcpy(result->status_text, job->status_text, sizeof result->status_text);
    if (job->status != RESULT_INTERRUPTED) {
        result->cold.count = 0;
        result->warm.count = 0;
    }
    return false;
}

static void take_memory(struct memory_profile *memory, const struct job *job)
{
    const struct worker_record *record = job->record;
    memory->measured = true;
    memory->before = record->before;
    memory->after_free = record->after_free;
    memory->after_second = record->after_second;
    memory->lab_heap_bytes = record->lab_heap_bytes;
    memory->sample_count = (size_t)record->sample_count;
    memory->samples = run_allocate(memory->sample_count, sizeof *memory->samples);
    memcpy(memory->samples, record->samples,
           memory->sample_count * sizeof *memory->samples);
    if (job->tracer != NULL) {
        memory->peaks = tracer_peaks(job->tracer);
    }
}

static void take_figures(struct result *result, const struct job *job)
{
    if (job->mode == WORKER_MEMORY) {
        take_memory(&result->memory, job);
    } else if (job->mode == WORKER_SYSCALLS) {
        tracer_take_counts(job->tracer, &result->syscalls);
    } else if (job->mode == WORKER_VERIFY) {
        result->lab_alignment_bytes = job->record->lab_alignment_bytes;
    }
}

/* One untimed pass over all allocators at once, as many as fit. */
static void run_untimed(struct schedule *schedule, enum worker_mode mode,
                        size_t parallel_limit)
{
    struct run *run = schedule->run;
    struct job *jobs = run_allocate(run->allocator_count, sizeof *jobs);
    struct result **results = run_allocate(run->allocator_count, sizeof *results);
    size_t count = 0;
    for (size_t i = 0; i < run->allocator_count; i++) {
        bool is_floor = run->allocators[i].is_floor;
        struct result *result = result_of(schedule, i);
        if (result->status == RESULT_OK && !(is_floor && mode == WORKER_VERIFY)) {
            jobs[count] = make_job(schedule, i, mode);
            results[count++] = result;
        }
    }
    uint64_t share_bytes =
        RESIDENT_PEAKS * (schedule->trace->header->peak_live_bytes + BYTES_PER_MIB);
    uint64_t fitting = capacity_memory_bytes() / 2 / share_bytes;
    size_t parallel = fitting < parallel_limit ? (size_t)fitting : parallel_limit;
    job_run_all(jobs, count, parallel > 0 ? parallel : 1);
    for (size_t i = 0; i < count; i++) {
        if (take_status(results[i], &jobs[i])) {
            take_figures(results[i], &jobs[i]);
        }
        job_close(&jobs[i]);
    }
    free(results);
    free(jobs);
}

/* Tried once, before anything is run. */
static void prepare_tracing(struct schedule *schedule)
{
    const char *refused;
    schedule->filter = tracer_filter_create(&refused);
    if (schedule->filter == NULL) {
        fprintf(stderr,
                "snugbench: system calls are not counted and peaks of memory not "
                "measured, as %s is refused here; in a container, start it with "
                "--cap-add=SYS_PTRACE --security-opt seccomp=unconfined (all other "
                "figures stand)\n",
                refused);
    }
}

static void add_sample(struct timing_samples *samples, uint32_t round,
                       const struct worker_record *record)
{
    struct timing_sample sample = {
        .round = round,
        .warm_up_pass_count = record->warm_up_pass_count,
        .pass_count = record->pass_count,
        .best_pass_ns = UINT64_MAX,
        .first_pass_ns = record->pass_ns[0],
        .minor_faults = record->minor_faults,
        .involuntary_switches = record->involuntary_switches,
    };
    for (uint32_t i = 0; i < record->pass_count && i < WORKER_MAX_PASSES; i++) {
        if (record->pass_ns[i] < sample.best_pass_ns) {
            sample.best_pass_ns = record->pass_ns[i];
        }
    }
    samples->items =
        run_grow(samples->items, samples->count + 1, sizeof *samples->items);
    samples->items[samples->count++] = sample;
}

static void run_timed(struct schedule *schedule, size_t allocator_index,
                      enum worker_mode mode, uint32_t round)
{
    struct result *result = result_of(schedule, allocator_index);
    if (result->status != RESULT_OK) {
        return;
    }
    struct job job = make_job(schedule, allocator_index, mode);
    job_run_all(&job, 1, 1);
    /* An interrupted process has no sample, but the rows of its trace are judged
     * together at the end. */
    if (job.status != RESULT_INTERRUPTED && take_status(result, &job)) {
        add_sample(mode == WORKER_COLD ? &result->cold : &result->warm, round,
                   job.record);
    }
    job_close(&job);
}

/* Returns the number of whole rounds. */
static uint32_t run_rounds(struct schedule *schedule)
{
    struct run *run = schedule->run;
    const struct schedule_options *options = schedule->options;
    size_t *order = run_allocate(run->allocator_count, sizeof *order);
    uint64_t start_ns = signals_now_ns();
    uint32_t round = 0;
    for (; round < options->max_rounds; round++) {
        uint64_t spent_ns = signals_now_ns() - start_ns;
        uint64_t expected_ns = round > 0 ? spent_ns + spent_ns / round : 0;
        if (round >= options->min_rounds && expected_ns > options->budget_ns) {
            break;
        }
        dice_shuffle(&schedule->dice, order, run->allocator_count);
        for (size_t i = 0; i < run->allocator_count && !signals_interrupted(); i++) {
            progress_step(
                &schedule->progress,
                forecast_share_timed(&schedule->forecast, options, round, spent_ns),
                "round %" PRIu32 ", %s", round + 1, run->allocators[order[i]].name);
            run_timed(schedule, order[i], WORKER_COLD, round);
            run_timed(schedule, order[i], WORKER_WARM, round);
        }
        if (signals_interrupted()) {
            break;
        }
    }
    free(order);
    return round;
}

static bool has_live_row(const struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->run->allocator_count; i++) {
        if (result_of(schedule, i)->status == RESULT_OK &&
            !schedule->run->allocators[i].is_floor) {
            return true;
        }
    }
    return false;
}

static void run_passes(struct schedule *schedule)
{
    unsigned passes = schedule->options->passes;
    struct progress *progress = &schedule->progress;
    uint32_t rounds = 0;
    if (passes & PASS_VERIFY) {
        progress_step(progress, 0, "verifying");
        run_untimed(schedule, WORKER_VERIFY, capacity_processors());
    }
    if (passes & PASS_SYSCALLS && schedule->filter != NULL && !signals_interrupted()) {
        progress_step(progress, schedule->forecast.verify_share, "system calls");
        run_untimed(schedule, WORKER_SYSCALLS, 1);
    }
    if (passes & PASS_MEMORY && !signals_interrupted()) {
        progress_step(progress, schedule->forecast.syscalls_share, "memory");
        run_untimed(schedule, WORKER_MEMORY, schedule->run->allocator_count);
    }
    if (passes & PASS_TIME && !signals_interrupted() && has_live_row(schedule)) {
        rounds = run_rounds(schedule);
    }
    if (rounds > schedule->run->rounds) {
        schedule->run->rounds = rounds;
    }
    bool is_enough = passes & PASS_TIME && rounds >= schedule->options->min_rounds;
    if (signals_interrupted() && !is_enough) {
        set_all(schedule, RESULT_INTERRUPTED, "after %" PRIu32 " timed rounds", rounds);
    }
}

/* false: the trace is too large for this machine; its rows say so. */
static bool check_size(const struct schedule *schedule)
{
    struct trace_facts *facts = &schedule->run->traces[schedule->trace_index];
    uint64_t available = capacity_memory_bytes();
    if (facts->header.peak_live_bytes <= available / 2) {
        return true;
    }
    snprintf(facts->skipped, sizeof facts->skipped,
             "its peak of %" PRIu64 " MiB live is more than half of the %" PRIu64
             " MiB of memory available",
             facts->header.peak_live_bytes / BYTES_PER_MIB, available / BYTES_PER_MIB);
    set_all(schedule, RESULT_SKIPPED, "%s", facts->skipped);
    return false;
}

static void run_trace(struct schedule *schedule, struct sources *sources)
{
    size_t index = schedule->trace_index;
    const struct trace_facts *facts = &schedule->run->traces[index];
    schedule->forecast =
        forecast_trace(schedule->run, &facts->header, schedule->options);
    progress_trace(&schedule->progress, index, facts->name, schedule->forecast.seconds);
    struct trace_error error;
    struct trace *trace = NULL;
    if (check_size(schedule)) {
        trace = sources_open(sources, index, &error);
        if (trace == NULL) {
            set_all(schedule, RESULT_ERROR, "%s", error.text);
        }
    }
    if (trace != NULL) {
        schedule->trace = trace;
        run_passes(schedule);
        sources_close(sources, index, trace);
    }
    if (!signals_interrupted()) {
        progress_trace_done(&schedule->progress);
    }
}

void schedule_run(struct run *run, struct sources *sources,
                  const struct schedule_options *options)
{
    struct schedule schedule = {
        .run = run,
        .options = options,
        .dice = dice_create(run->seed),
    };
    double seconds = 0;
    for (size_t i = 0; i < run->trace_count; i++) {
        seconds += forecast_trace(run, &run->traces[i].header, options).seconds;
    }
    schedule.progress = progress_begin(run->trace_count, seconds);
    if (options->passes & (PASS_SYSCALLS | PASS_MEMORY)) {
        prepare_tracing(&schedule);
    }
    for (size_t i = 0; i < run->trace_count; i++) {
        schedule.trace_index = i;
        if (signals_interrupted()) {
            set_all(&schedule, RESULT_INTERRUPTED, "before it was begun");
        } else {
            run_trace(&schedule, sources);
        }
    }
    run->interrupted = signals_interrupted();
    progress_clear(&schedule.progress);
    tracer_filter_destroy(schedule.filter);
}
