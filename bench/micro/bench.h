/* What every micro-benchmark uses: time, resident memory, tables, sizes.
 *
 * Resident memory is private memory (smaps_rollup), read at quiet points outside the
 * timed stretches. The harness's own tables are shared mappings and so do not count. */
#ifndef SNUGBENCH_MICRO_BENCH_H
#define SNUGBENCH_MICRO_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "micro/record.h"
#include "trace/random.h"

struct bench {
    struct micro_record *record;
    const struct micro_case *row;
    uint64_t amount; /* the case's own parameter, from the table in main.c */
    struct random random;
};

enum {
    NS_PER_SECOND = 1000000000,
    PAGE_BYTES = 4096,
    SIZE_COUNT = 4096 /* drawn beforehand: one load instead of a logarithm */
};

struct sizes {
    uint32_t bytes[SIZE_COUNT];
};

/* Sizes from `min` to `max`, every octave as likely as the next. */
const struct sizes *bench_sizes(struct bench *bench, uint32_t min, uint32_t max);

/* Zeroed, populated, not counted as resident. */
void *bench_table(struct bench *bench, size_t bytes);

/* Tell the parent and end the process. */
__attribute__((noreturn)) void bench_end(struct bench *bench, enum micro_status status,
                                         const char *message);

uint64_t bench_now_ns(void);

/* `count` at full scale; at least 1. */
uint64_t bench_scaled(const struct bench *bench, uint64_t count);

void bench_sampler_open(struct bench *bench);
uint64_t bench_resident_bytes(struct bench *bench);
void bench_sample_peak(struct bench *bench);
void bench_sample_after(struct bench *bench);

/* A second in which 100 small blocks are allocated and freed every 10 ms, for
 * allocators that give memory back by and by. */
void bench_be_slightly_active(struct bench *bench);

/* More operations and the time they took. */
void bench_count(struct bench *bench, uint64_t operations, uint64_t elapsed_ns);

/* Some hundred operations; returns how many. */
typedef uint64_t bench_batch(void *state, struct random *random);

enum {
    CHUNK_COUNT = 5, /* the first warms up and is not counted */
    CHUNK_NS = 50 * 1000 * 1000,
};

/* Batches in this thread for five chunks of 50 ms, memory sampled after each. */
void bench_time(struct bench *bench, bench_batch *batch, void *state);

static inline size_t sizes_pick(const struct sizes *sizes, struct random *random)
{
    return sizes->bytes[random_below(random, SIZE_COUNT)];
}

/* A block that has been written to, as a program would. */
static inline void *bench_malloc(size_t bytes)
{
    volatile char *block = malloc(bytes);
    if (block == NULL) {
        abort(); /* told as a crash; no case comes near this machine's memory */
    }
    *block = 1;
    return (void *)(uintptr_t)block;
}

/* A byte in each page but the first. */
static inline void bench_touch_pages(char *block, size_t bytes)
{
    for (size_t at = PAGE_BYTES; at < bytes; at += PAGE_BYTES) {
        ((volatile char *)block)[at] = 1;
    }
}

/* What an operation is in most cases: one free and one malloc in a random slot. */
struct churn {
    const struct sizes *sizes;
    void **slots;
    uint64_t slot_count;
};

bench_batch churn_batch;
void churn_fill(struct churn *churn, struct random *random);
void churn_empty(struct churn *churn);

#endif
