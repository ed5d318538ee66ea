#include "process/peak.h"

enum {
    MAXRSS_UNIT_BYTES = 1024,
};

uint64_t peak_of_usage(const struct rusage *usage)
{
    return (uint64_t)usage->ru_maxrss * MAXRSS_UNIT_BYTES;
}

uint64_t peak_own(void)
{
    struct rusage own = {.ru_maxrss = 0};
    getrusage(RUSAGE_SELF, &own);
    return peak_of_usage(&own);
}

struct peak peak_find(const struct tree *tree, const struct cgroup *group,
                      uint64_t at_end_bytes)
{
    const bool has_several = tree->count > 1;
    struct peak peak = {.method = has_several ? PEAK_TREE : PEAK_PROCESS,
                        .bytes = tree_largest_peak(tree)};
    if (at_end_bytes > peak.bytes) {
        peak.bytes = at_end_bytes;
    }
    if (has_several && tree->peak_sum_bytes > peak.bytes) {
        peak.bytes = tree->peak_sum_bytes;
    }
    uint64_t exact_bytes;
    if (cgroup_peak(group, &exact_bytes)) {
        peak = (struct peak){.method = PEAK_CGROUP, .bytes = exact_bytes};
    }
    if (peak.bytes == 0) {
        peak.method = PEAK_NONE;
    }
    return peak;
}
