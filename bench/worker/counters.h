/* Counters of the processor, by perf_event_open: what the worker counts in a pass, and
 * how the parent finds out whether it can. User mode only, which an ordinary user may
 * count where perf_event_paranoid is at most 2, the kernel's default. */
#ifndef SNUGBENCH_WORKER_COUNTERS_H
#define SNUGBENCH_WORKER_COUNTERS_H

#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum counter {
    COUNTER_INSTRUCTIONS,
    COUNTER_CYCLES,
    COUNTER_L1D_MISSES,  /* reads */
    COUNTER_LLC_MISSES,  /* of the last level of cache */
    COUNTER_DTLB_MISSES, /* reads */
    COUNTER_COUNT
};

/* As perf_event_open has it. */
struct counter_event {
    uint32_t type;
    uint64_t config;
};

/* Of one event, over all passes. Where there are more events than the processor has
 * counters, the kernel lets them take turns: it was counted for running_ns of
 * enabled_ns. */
struct counter_count {
    uint64_t count, enabled_ns, running_ns;
    uint64_t error; /* errno of what failed; 0: it was counted */
};

/* A stopped counter of the calling thread. -1: errno says why there is none. */
static inline int counter_open(struct counter_event event)
{
    struct perf_event_attr attributes = {
        .type = event.type,
        .size = sizeof attributes,
        .config = event.config,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

#endif
