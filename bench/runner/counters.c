#include "runner/counters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CACHE_READ_MISSES(cache)                                                       \
    ((cache) | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

const struct counter_event counters_hardware[COUNTER_COUNT] = {
    [COUNTER_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    [COUNTER_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    [COUNTER_L1D_MISSES] = {PERF_TYPE_HW_CACHE,
                            CACHE_READ_MISSES(PERF_COUNT_HW_CACHE_L1D)},
    [COUNTER_LLC_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    [COUNTER_DTLB_MISSES] = {PERF_TYPE_HW_CACHE,
                             CACHE_READ_MISSES(PERF_COUNT_HW_CACHE_DTLB)},
};

static const char *const names[COUNTER_COUNT] = {
    [COUNTER_INSTRUCTIONS] = "instructions", [COUNTER_CYCLES] = "cycles",
    [COUNTER_L1D_MISSES] = "L1d misses",     [COUNTER_LLC_MISSES] = "LLC misses",
    [COUNTER_DTLB_MISSES] = "dTLB misses",
};

enum warning_id counters_warning(int error)
{
    switch (error) {
    case EACCES: /* perf_event_paranoid */
    case EPERM:  /* a container's filter */
        return WARNING_COUNTERS_REFUSED;
    case ENOSYS:
        return WARNING_COUNTERS_KERNEL;
    default: /* ENOENT, EOPNOTSUPP, ENODEV: it is not one of this processor's */
        return WARNING_COUNTERS;
    }
}

struct counters_look counters_look(const struct counter_event events[COUNTER_COUNT])
{
    struct counters_look look = {.warning = WARNING_COUNTERS};
    size_t length = 0;
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        const int fd = counter_open(events[i]);
        if (fd >= 0) {
            close(fd);
            look.has_any = true;
            continue;
        }
        look.warning = counters_warning(errno);
        look.lacks_any = true;
        length += (size_t)snprintf(look.lacking + length, sizeof look.lacking - length,
                                   "%s%s", length > 0 ? ", " : "", names[i]);
    }
    return look;
}
