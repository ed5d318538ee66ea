#include "runner/schedule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/clock.h"
#include "process/memory.h"
#include "process/signals.h"
#include "runner/capacity.h"
#include "runner/counters.h"
#include "runner/forecast.h"
#include "runner/job.h"
#include "runner/mode.h"
#include "runner/progress.h"
#include "runner/rng.h"
#include "runner/run.h"
#include "runner/tracer.h"
#include "runner/warnings.h"

enum {
    NS_PER_MS = 1000000,
    BYTES_PER_MIB = 1 << 20,
    /* What a process under the worst allocator takes, in peaks of live bytes. */
    RESIDENT_PEAKS = 3,
};

/* So that the 42 shipped traces, of 20 thousand to 2 million operations, and 7
 * allocators take some 5 minutes on 2 cores. */
const struct schedule_options schedule_defaults = {
    .modes = MODE_SET_DEFAULT,
    .min_rounds = 5,
    .max_rounds = 20,
    .budget_ns = 5ull * NS_PER_SECOND,
    .warm_budget_ns = 40ull * NS_PER_MS,
    .warm_min_passes = 3,
};

struct schedule {
    struct run *run;
    const struct schedule_options *options;
    struct rng rng;
    struct progress progress;
    struct sock_fprog *filter; /* for traced passes; NULL: not asked for, or refused */
    bool has_counters;
    size_t trace_index;
    const struct trace *trace;
    struct streams *streams;  /* of this trace; NULL: one thread replays it */
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
                                  enum mode_touch touch)
{
    switch (touch) {
    case MODE_TOUCHES_AS_COLD:
        return schedule->run->cold_touch;
    case MODE_TOUCHES_AS_WARM:
        return schedule->run->warm_touch;
    case MODE_TOUCHES_ALL:
        break;
    }
    return TOUCH_ALL;
}

static size_t padding_bytes_of(struct schedule *schedule, const struct mode *mode)
{
    return mode->is_under_callgrind
               ? 0
               : (size_t)rng_below(&schedule->rng, PROCESS_PADDING_LIMIT_BYTES);
}

static uint64_t timeout_ns_of(const struct schedule *schedule)
{
    return schedule->options->timeout_ns > 0
               ? schedule->options->timeout_ns
               : job_patience_ns(SCHEDULE_PATIENCE_S, schedule->trace);
}

static struct job make_job(struct schedule *schedule, size_t allocator_index,
                           size_t mode_index)
{
    const struct mode *mode = &mode_table[mode_index];
    return (struct job){
        .allocator = &schedule->run->allocators[allocator_index],
        .trace = schedule->trace,
        .streams = mode->is_flat ? NULL : schedule->streams,
        .mode = (enum worker_mode)mode_index,
        .touch = touch_of(schedule, mode->touch),
        .warm_budget_ns = schedule->options->warm_budget_ns,
        .warm_min_passes = schedule->options->warm_min_passes,
        .only_peaks = schedule->options->only_peaks,
        .padding_bytes = padding_bytes_of(schedule, mode),
        .timeout_ns = timeout_ns_of(schedule) + mode->sleep_ns,
        .filter = mode->tracing != MODE_UNTRACED ? schedule->filter : NULL,
    };
}

/* The row stands without it. */
static void tell_of_extra(struct schedule *schedule, const struct job *job)
{
    if (job->status != RESULT_INTERRUPTED) {
        progress_clear(&schedule->progress);
        fprintf(stderr, "snugbench: no %s of %s: %s\n", mode_table[job->mode].label,
                job->allocator->name, job->status_text);
    }
}

/* true: it went well. What failed keeps its reason and loses its speed. */
static bool take_status(struct schedule *schedule, struct result *result,
                        const struct job *job)
{
    if (job->status == RESULT_OK) {
        return true;
    }
    if (mode_table[job->mode].is_under_callgrind) {
        tell_of_extra(schedule, job);
        return false;
    }
    result->status = job->status;
    memcpy(result->status_text, job->status_text, sizeof result->status_text);
    if (job->status != RESULT_INTERRUPTED) {
        result->cold.count = 0;
        result->warm.count = 0;
        result->flat.count = 0;
    }
    return false;
}

static void take_figures(struct result *result, const struct job *job, uint32_t round)
{
    if (mode_table[job->mode].take != NULL) {
        mode_table[job->mode].take(result, job, round);
    }
}

/* How many processes of the mode are run at a time. */
static size_t parallel_of(const struct schedule *schedule, enum mode_company company)
{
    size_t limit = 1;
    if (company == MODE_ON_EACH_PROCESSOR) {
        limit = capacity_processors();
    } else if (company == MODE_ALL_AT_ONCE) {
        limit = schedule->run->allocator_count;
    }
    uint64_t share_bytes =
        RESIDENT_PEAKS * (schedule->trace->header->peak_live_bytes + BYTES_PER_MIB);
    uint64_t fitting = capacity_memory_bytes() / 2 / share_bytes;
    size_t parallel = fitting < limit ? (size_t)fitting : limit;
    return parallel > 0 ? parallel : 1;
}

/* One process for each allocator. */
static void run_once(struct schedule *schedule, size_t mode_index)
{
    const struct mode *mode = &mode_table[mode_index];
    struct run *run = schedule->run;
    struct job *jobs = memory_allocate(run->allocator_count, sizeof *jobs);
    struct result **results = memory_allocate(run->allocator_count, sizeof *results);
    size_t count = 0;
    for (size_t i = 0; i < run->allocator_count; i++) {
        bool is_floor = run->allocators[i].is_floor;
        struct result *result = result_of(schedule, i);
        if (result->status == RESULT_OK && !(is_floor && mode->skips_floor)) {
            jobs[count] = make_job(schedule, i, mode_index);
            results[count++] = result;
        }
    }
    job_run_all(jobs, count, parallel_of(schedule, mode->company));
    for (size_t i = 0; i < count; i++) {
        if (take_status(schedule, results[i], &jobs[i])) {
            take_figures(results[i], &jobs[i], 0);
        }
        job_close(&jobs[i]);
    }
    free(results);
    free(jobs);
}

static bool is_tracing_asked_for(unsigned modes)
{
    for (size_t i = 0; i < WORKER_MODE_COUNT; i++) {
        if (mode_in_set(modes, i) && mode_table[i].tracing != MODE_UNTRACED) {
            return true;
        }
    }
    return false;
}

/* Tried once, before anything is run. */
static void prepare_tracing(struct schedule *schedule)
{
    const char *refused;
    schedule->filter = tracer_filter_create(&refused);
    if (schedule->filter == NULL) {
        warning_print(WARNING_TRACING, refused);
    }
}

/* Looked at once, too. */
static void prepare_counters(struct schedule *schedule)
{
    const struct counters_look look = counters_look(counters_hardware);
    schedule->has_counters = look.has_any;
    if (look.lacks_any) {
        warning_print(look.warning, look.lacking);
    }
}

static void run_timed(struct schedule *schedule, size_t allocator_index,
                      size_t mode_index, uint32_t round)
{
    struct result *result = result_of(schedule, allocator_index);
    if (result->status != RESULT_OK) {
        return;
    }
    struct job job = make_job(schedule, allocator_index, mode_index);
    job_run_all(&job, 1, 1);
    /* An interrupted process has no sample, but the rows of its trace are judged
     * together at the end. */
    if (job.status != RESULT_INTERRUPTED && take_status(schedule, result, &job)) {
        take_figures(result, &job, round);
    }
    job_close(&job);
}

/* The modes [first, end) in rounds; returns the number of whole ones. */
static uint32_t run_rounds(struct schedule *schedule, size_t first, size_t end)
{
    struct run *run = schedule->run;
    const struct schedule_options *options = schedule->options;
    size_t *order = memory_allocate(run->allocator_count, sizeof *order);
    const struct round_limits limits = mode_round_limits(first, options);
    uint64_t start_ns = clock_now_ns();
    uint32_t round = 0;
    for (; round < limits.most; round++) {
        uint64_t spent_ns = clock_now_ns() - start_ns;
        uint64_t expected_ns = round > 0 ? spent_ns + spent_ns / round : 0;
        if (round >= limits.least && expected_ns > limits.budget_ns) {
            break;
        }
        rng_shuffle(&schedule->rng, order, run->allocator_count);
        for (size_t i = 0; i < run->allocator_count && !signals_interrupted(); i++) {
            progress_step(&schedule->progress,
                          forecast_share_rounds(&schedule->forecast, first, options,
                                                round, spent_ns),
                          "%s %" PRIu32 ", %s", mode_table[first].progress, round + 1,
                          run->allocators[order[i]].name);
            for (size_t mode = first; mode < end; mode++) {
                if (mode_in_set(options->modes, mode) &&
                    (schedule->streams != NULL || !mode_table[mode].needs_threads)) {
                    run_timed(schedule, order[i], mode, round);
                }
            }
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

/* Whether this mode, which was asked for, can be run here and has something to tell. */
static bool is_runnable(const struct schedule *schedule, size_t mode_index)
{
    const struct mode *mode = &mode_table[mode_index];
    if (mode->tracing == MODE_TRACED_OR_LEFT_OUT && schedule->filter == NULL) {
        return false;
    }
    if (mode->needs_counters && !schedule->has_counters) {
        return false;
    }
    return !mode->in_rounds || has_live_row(schedule);
}

static void run_passes(struct schedule *schedule)
{
    const unsigned modes = schedule->options->modes;
    uint32_t rounds = 0;
    for (size_t i = 0, end; i < WORKER_MODE_COUNT && !signals_interrupted(); i = end) {
        end = mode_pass_end(i);
        if (!mode_any_in_set(modes, i, end) || !is_runnable(schedule, i)) {
            continue;
        }
        if (mode_table[i].in_rounds) {
            uint32_t done = run_rounds(schedule, i, end);
            /* Those of latency say nothing of the figures with intervals. */
            rounds = mode_table[i].most_rounds == 0 ? done : rounds;
        } else {
            progress_step(&schedule->progress, schedule->forecast.share[i], "%s",
                          mode_table[i].progress);
            run_once(schedule, i);
        }
    }
    if (rounds > schedule->run->rounds) {
        schedule->run->rounds = rounds;
    }
    bool is_enough = rounds > 0 && rounds >= schedule->options->min_rounds;
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

/* A trace with several threads is replayed by as many, unless it is to be flattened. */
static bool part_threads(struct schedule *schedule, struct trace_error *error)
{
    struct trace_facts *facts = &schedule->run->traces[schedule->trace_index];
    facts->replay_threads = schedule->options->is_flat ? 1 : facts->header.thread_count;
    if (facts->replay_threads > 1) {
        schedule->streams = streams_create(schedule->trace, error);
    }
    return facts->replay_threads == 1 || schedule->streams != NULL;
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
        if (part_threads(schedule, &error)) {
            run_passes(schedule);
        } else {
            set_all(schedule, RESULT_ERROR, "%s", error.text);
        }
        streams_destroy(schedule->streams);
        schedule->streams = NULL;
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
        .rng = rng_create(run->seed),
    };
    double seconds = 0;
    for (size_t i = 0; i < run->trace_count; i++) {
        seconds += forecast_trace(run, &run->traces[i].header, options).seconds;
    }
    schedule.progress = progress_begin(run->trace_count, seconds);
    schedule.progress.is_quiet = options->is_quiet;
    if (is_tracing_asked_for(options->modes)) {
        prepare_tracing(&schedule);
    }
    if (mode_in_set(options->modes, WORKER_COUNTERS)) {
        prepare_counters(&schedule);
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
