/* A run made by hand, for the tests of analysis and report: every figure is known. */
#ifndef SNUGBENCH_TEST_HANDMADE_H
#define SNUGBENCH_TEST_HANDMADE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runner/result.h"

enum {
    HANDMADE_GLIBC,
    HANDMADE_SNUG,
    HANDMADE_FLOOR,
    HANDMADE_ALLOCATORS,
    HANDMADE_TRACES = 2,
    HANDMADE_ROUNDS = 7,
    HANDMADE_OPS = 1000,
    HANDMADE_LIVE = 1 << 20,
};

static inline struct result *handmade_result(const struct run *run, size_t trace,
                                             size_t allocator)
{
    return &run->results[trace * run->allocator_count + allocator];
}

/* `pass_ns` for every round, a little more from round to round so that medians are
 * known: the median over 7 rounds is pass_ns itself. */
static inline struct timing_samples handmade_times(uint64_t pass_ns,
                                                   uint32_t pass_count)
{
    struct timing_samples samples = {.count = HANDMADE_ROUNDS};
    samples.items = calloc(HANDMADE_ROUNDS, sizeof *samples.items);
    for (uint32_t i = 0; i < HANDMADE_ROUNDS; i++) {
        samples.items[i] = (struct timing_sample){
            .round = i,
            .warm_up_pass_count = pass_count > 1 ? 2 : 0,
            .pass_count = pass_count,
            .best_pass_ns = pass_ns - 3 + i,
            .first_pass_ns = 2 * pass_ns,
            .best_cpu_ns = pass_ns + pass_ns / 2,
            .best_waited_ns = pass_ns / 4,
            .minor_faults = 100 + i,
        };
    }
    return samples;
}

static inline struct worker_sample handmade_sample(uint64_t op, uint64_t live,
                                                   uint64_t resident)
{
    return (struct worker_sample){
        .op_index = op,
        .blocks = {.live_bytes = live, .internal_bytes = live / 64},
        .resident_bytes = resident,
        .accessible_bytes = 2 * resident,
        .reserved_bytes = 4 * resident};
}

/* Rises from 4 MiB to `peak_resident`, which only the tracer sees: every sample is half
 * a MiB lower. */
static inline struct memory_profile handmade_memory(uint64_t peak_resident)
{
    const uint64_t start = 4 << 20;
    struct memory_profile memory = {
        .measured = true,
        .knows_internal = true,
        .sample_count = 2,
        .peak_live_bytes = HANDMADE_LIVE,
    };
    memory.samples = calloc(2, sizeof *memory.samples);
    memory.before = handmade_sample(0, 0, start);
    memory.samples[0] = handmade_sample(100, HANDMADE_LIVE / 2, start);
    memory.samples[1] = handmade_sample(500, HANDMADE_LIVE, peak_resident - (1 << 19));
    memory.after_free = handmade_sample(HANDMADE_OPS, 0, peak_resident);
    memory.after_second = handmade_sample(HANDMADE_OPS, 0, start);
    memory.peaks = (struct memory_peaks){
        .measured = true,
        .resident_bytes = peak_resident,
        .blocks = {.live_bytes = HANDMADE_LIVE / 4 * 3, .internal_bytes = 1 << 14},
        .accessible_bytes = 2 * peak_resident,
        .reserved_bytes = 4 * peak_resident};
    return memory;
}

static inline struct syscall_counts handmade_calls(uint64_t brk_calls)
{
    struct syscall_counts calls = {.measured = true, .count = 2};
    calls.items = calloc(2, sizeof *calls.items);
    calls.items[0] = (struct syscall_count){.name = "brk", .calls = {1, brk_calls, 2}};
    calls.items[1] = (struct syscall_count){.name = "mmap", .calls = {8, 0, 0}};
    return calls;
}

/* 200,000 mallocs of 100 bytes and as many frees, one in 200 of 20 times `ns`; the
 * clock takes 10 ns. Two ticks are a nanosecond. */
static inline struct latency_profile handmade_latency(uint64_t ns)
{
    struct latency_profile latency = {
        .process_count = 3,
        .clock = LATENCY_CLOCK_TSC,
        .ticks = 2000,
        .ns = 1000,
        .nothing = calloc(1, sizeof *latency.nothing),
    };
    for (size_t i = 0; i < 100; i++) {
        histogram_add(latency.nothing, 20);
    }
    static const enum latency_kind kinds[] = {LATENCY_MALLOC, LATENCY_FREE};
    for (size_t kind = 0; kind < 2; kind++) {
        struct histogram *histogram = calloc(1, sizeof *histogram);
        for (size_t i = 0; i < 200000; i++) {
            histogram_add(histogram, 2 * (i % 200 == 0 ? 20 * ns : ns));
        }
        latency.operations[kinds[kind]][LATENCY_TO_512_B] = histogram;
    }
    return latency;
}

/* Ten passes of `per_op` instructions and half as many cycles; of the rest the machine
 * has no counter. */
static inline struct counter_samples handmade_counters(uint64_t per_op)
{
    struct counter_samples samples = {.items = calloc(1, sizeof *samples.items),
                                      .count = 1};
    struct counter_sample *sample = &samples.items[0];
    sample->pass_count = 10;
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        sample->counters[i] = (struct counter_count){.error = 2};
    }
    sample->counters[COUNTER_INSTRUCTIONS] = (struct counter_count){
        .count = 10 * HANDMADE_OPS * per_op, .enabled_ns = 1, .running_ns = 1};
    sample->counters[COUNTER_CYCLES] = (struct counter_count){
        .count = 10 * HANDMADE_OPS * per_op / 4, .enabled_ns = 2, .running_ns = 1};
    return samples;
}

/* The second trace has two threads, and takes three times as long in one. glibc takes
 * 20 ns an operation, snug 10, the floor 2. Over the floor, glibc's peak is
 * 2 MiB and snug's 1.25 MiB for 1 MiB of live bytes: utilizations 0.5 and 0.8. */
static inline struct run *handmade_create(void)
{
    static const char *const names[] = {"glibc", "snug", "floor"};
    static const uint64_t warm_ns[] = {20, 10, 2};
    static const uint64_t peaks[] = {6 << 20, (5 << 20) + (1 << 18), 4 << 20};
    static const uint64_t calls[] = {30, 3, 0};
    struct run *run = calloc(1, sizeof *run);
    *run = (struct run){
        .allocator_count = HANDMADE_ALLOCATORS,
        .trace_count = HANDMADE_TRACES,
        .reference_index = HANDMADE_GLIBC,
        .floor_index = HANDMADE_FLOOR,
        .allocators = calloc(HANDMADE_ALLOCATORS, sizeof *run->allocators),
        .traces = calloc(HANDMADE_TRACES, sizeof *run->traces),
        .results =
            calloc((size_t)HANDMADE_TRACES * HANDMADE_ALLOCATORS, sizeof *run->results),
        .cold_touch = TOUCH_PAGE,
        .warm_touch = TOUCH_FIRST,
        .seed = 1,
        .rounds = HANDMADE_ROUNDS,
    };
    for (size_t i = 0; i < HANDMADE_ALLOCATORS; i++) {
        run->allocators[i].name = strdup(names[i]);
        run->allocators[i].is_floor = i == HANDMADE_FLOOR;
    }
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        run->traces[trace].name = strdup(trace == 0 ? "first" : "second, \"quoted\"");
        run->traces[trace].header.op_count = HANDMADE_OPS;
        run->traces[trace].replay_threads = 1 + trace;
        run->traces[trace].header.peak_live_bytes = HANDMADE_LIVE;
        for (size_t i = 0; i < HANDMADE_ALLOCATORS; i++) {
            struct result *result = handmade_result(run, trace, i);
            result->trace_index = trace;
            result->allocator_index = i;
            result->warm = handmade_times(warm_ns[i] * HANDMADE_OPS, 10);
            if (trace > 0) {
                result->flat = handmade_times(3 * warm_ns[i] * HANDMADE_OPS, 10);
            }
            result->cold = handmade_times(5 * warm_ns[i] * HANDMADE_OPS, 1);
            result->latency = handmade_latency(10 + warm_ns[i]);
            result->counters = handmade_counters(8 * warm_ns[i]);
            result->callgrind_instructions = 7 * warm_ns[i] * HANDMADE_OPS;
            result->memory = handmade_memory(peaks[i]);
            result->syscalls = handmade_calls(calls[i]);
        }
    }
    return run;
}

static inline void handmade_destroy(struct run *run)
{
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        free(run->results[i].warm.items);
        free(run->results[i].flat.items);
        free(run->results[i].cold.items);
        free(run->results[i].latency.nothing);
        free(run->results[i].latency.operations[LATENCY_MALLOC][LATENCY_TO_512_B]);
        free(run->results[i].latency.operations[LATENCY_FREE][LATENCY_TO_512_B]);
        free(run->results[i].counters.items);
        free(run->results[i].memory.samples);
        free(run->results[i].syscalls.items);
    }
    for (size_t i = 0; i < run->trace_count; i++) {
        free(run->traces[i].name);
    }
    for (size_t i = 0; i < run->allocator_count; i++) {
        free(run->allocators[i].name);
    }
    free(run->results);
    free(run->traces);
    free(run->allocators);
    free(run);
}

#endif
