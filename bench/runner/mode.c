#include "runner/mode.h"

#include <stdio.h>
#include <string.h>

#include "process/memory.h"
#include "runner/tracer.h"

static size_t sample_bytes(const struct trace_header *header)
{
    return (size_t)header->sample_count * sizeof(struct worker_sample);
}

static void take_verify(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    result->lab_alignment_bytes = job->record->lab_alignment_bytes;
}

static void take_syscalls(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    tracer_take_counts(job->tracer, &result->syscalls);
}

static void take_memory(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    const struct worker_record *record = job->record;
    struct memory_profile *memory = &result->memory;
    memory->measured = true;
    memory->knows_internal = record->knows_internal;
    memory->before = record->before;
    memory->after_free = record->after_free;
    memory->after_second = record->after_second;
    memory->lab_heap_bytes = record->lab_heap_bytes;
    memory->peak_live_bytes = record->peak_live_bytes;
    memory->sample_count = (size_t)record->sample_count;
    memory->samples = memory_allocate(memory->sample_count, sizeof *memory->samples);
    memcpy(memory->samples, record->samples,
           memory->sample_count * sizeof *memory->samples);
    if (job->tracer != NULL) {
        memory->peaks = tracer_peaks(job->tracer);
    }
}

static void add_sample(struct timing_samples *samples,
                       const struct worker_record *record, uint32_t round)
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
            sample.best_cpu_ns = record->pass_cpu_ns[i];
            sample.best_waited_ns = record->pass_waited_ns[i];
        }
    }
    samples->items =
        memory_grow(samples->items, samples->count + 1, sizeof *samples->items);
    samples->items[samples->count++] = sample;
}

static void take_cold(struct result *result, const struct job *job, uint32_t round)
{
    add_sample(&result->cold, job->record, round);
}

static void take_warm(struct result *result, const struct job *job, uint32_t round)
{
    add_sample(&result->warm, job->record, round);
}

static void take_flat(struct result *result, const struct job *job, uint32_t round)
{
    add_sample(&result->flat, job->record, round);
}

static size_t latency_bytes(const struct trace_header *header)
{
    (void)header;
    return sizeof(struct worker_latency);
}

static void add_histogram(struct histogram **sum, const struct histogram *histogram)
{
    if (histogram->count == 0) {
        return;
    }
    if (*sum == NULL) {
        *sum = memory_allocate(1, sizeof **sum);
    }
    histogram_add_all(*sum, histogram);
}

static void take_latency(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    const struct worker_latency *answer = worker_record_latency(job->record);
    struct latency_profile *latency = &result->latency;
    latency->process_count++;
    latency->clock = (enum latency_clock)answer->clock;
    latency->ticks += answer->ticks;
    latency->ns += answer->ns;
    add_histogram(&latency->nothing, &answer->nothing);
    for (size_t kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
        for (size_t class = 0; class < LATENCY_CLASS_COUNT; class ++) {
            add_histogram(&latency->operations[kind][class],
                          &answer->operations[kind][class]);
        }
    }
}

static void take_counters(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    const struct worker_record *record = job->record;
    struct counter_samples *samples = &result->counters;
    samples->items =
        memory_grow(samples->items, samples->count + 1, sizeof *samples->items);
    struct counter_sample *sample = &samples->items[samples->count++];
    sample->pass_count = record->pass_count;
    memcpy(sample->counters, record->counters, sizeof sample->counters);
}

static void take_callgrind(struct result *result, const struct job *job, uint32_t round)
{
    (void)round;
    result->callgrind_instructions = callgrind_instructions(job->callgrind);
}

#define MODE_ROW(name, run, ...) [WORKER_##name] = {__VA_ARGS__},
const struct mode mode_table[WORKER_MODE_COUNT] = {WORKER_MODES(MODE_ROW)};

unsigned mode_set_of_pass(const char *name, size_t length)
{
    unsigned set = 0;
    for (size_t i = 0; i < WORKER_MODE_COUNT; i++) {
        const char *pass = mode_table[i].pass;
        if (strlen(pass) == length && memcmp(pass, name, length) == 0) {
            set |= MODE_SET_DEFAULT & 1u << i;
        }
    }
    return set;
}

size_t mode_pass_end(size_t mode)
{
    size_t end = mode + 1;
    while (end < WORKER_MODE_COUNT &&
           strcmp(mode_table[end].pass, mode_table[mode].pass) == 0) {
        end++;
    }
    return end;
}

struct round_limits mode_round_limits(size_t mode,
                                      const struct schedule_options *options)
{
    const uint32_t most = mode_table[mode].most_rounds;
    if (most == 0) {
        return (struct round_limits){.least = options->min_rounds,
                                     .most = options->max_rounds,
                                     .budget_ns = options->budget_ns};
    }
    return (struct round_limits){
        .least = 1,
        .most = most < options->max_rounds ? most : options->max_rounds,
        .budget_ns = options->budget_ns / 10,
    };
}

const char *mode_pass_names(void)
{
    static char names[128];
    size_t length = 0;
    for (size_t i = 0; i < WORKER_MODE_COUNT; i = mode_pass_end(i)) {
        if (!mode_in_set(MODE_SET_DEFAULT, i)) {
            continue;
        }
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                   i > 0 ? "," : "", mode_table[i].pass);
    }
    return names;
}
