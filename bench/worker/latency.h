/* The answer of the latency mode: how long each operation took, in ticks of a clock.
 *
 * It stands behind the record. In nanoseconds a tick is ns / ticks, the time that the
 * process spent in this mode by CLOCK_MONOTONIC and by the clock itself. */
#ifndef SNUGBENCH_WORKER_LATENCY_H
#define SNUGBENCH_WORKER_LATENCY_H

#include <stdint.h>

#include "worker/histogram.h"

enum latency_kind {
    LATENCY_MALLOC,
    LATENCY_CALLOC,
    LATENCY_REALLOC,
    LATENCY_ALIGNED,
    LATENCY_FREE,
    LATENCY_KIND_COUNT
};

/* By the bytes asked for: of the block that is freed, of what realloc makes. */
enum latency_class {
    LATENCY_TO_64_B,
    LATENCY_TO_512_B,
    LATENCY_TO_4_KIB,
    LATENCY_TO_128_KIB,
    LATENCY_LARGER,
    LATENCY_CLASS_COUNT
};

enum latency_clock {
    LATENCY_CLOCK_MONOTONIC, /* clock_gettime; a tick is a nanosecond */
    LATENCY_CLOCK_TSC,       /* rdtscp, where the processor says that it is invariant */
};

struct worker_latency {
    uint32_t clock; /* enum latency_clock */
    uint64_t ticks, ns;
    struct histogram nothing; /* between two readings: what the clock itself costs */
    struct histogram operations[LATENCY_KIND_COUNT][LATENCY_CLASS_COUNT];
};

static inline enum latency_class latency_class_of(uint64_t bytes)
{
    if (bytes <= 512) {
        return bytes <= 64 ? LATENCY_TO_64_B : LATENCY_TO_512_B;
    }
    if (bytes <= 128 * 1024) {
        return bytes <= 4096 ? LATENCY_TO_4_KIB : LATENCY_TO_128_KIB;
    }
    return LATENCY_LARGER;
}

#endif
