/* Which of the processor's counters can be had here. */
#ifndef SNUGBENCH_RUNNER_COUNTERS_H
#define SNUGBENCH_RUNNER_COUNTERS_H

#include <stdbool.h>

#include "runner/warnings.h"
#include "worker/counters.h"

/* The event of each counter. */
extern const struct counter_event counters_hardware[COUNTER_COUNT];

/* What lacks, if anything does: the row of the list of warnings, and its words. */
struct counters_look {
    bool has_any, lacks_any;
    enum warning_id warning;
    char lacking[160];
};

/* Opens each event and closes it again. */
struct counters_look counters_look(const struct counter_event events[COUNTER_COUNT]);

/* The row for a counter that perf_event_open refused with this errno. */
enum warning_id counters_warning(int error);

#endif
