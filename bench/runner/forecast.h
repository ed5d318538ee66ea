/* How long a trace will take: for the time left that progress shows, and nothing else.
 * The seconds are of one machine; progress scales them by what was really spent. */
#ifndef SNUGBENCH_RUNNER_FORECAST_H
#define SNUGBENCH_RUNNER_FORECAST_H

#include <stdint.h>

#include "runner/result.h"
#include "runner/schedule.h"

struct forecast {
    double seconds;
    double share[WORKER_MODE_COUNT]; /* of the seconds, done before the mode begins */
};

struct forecast forecast_trace(const struct run *run, const struct trace_header *header,
                               const struct schedule_options *options);

/* The share that is done `spent_ns` into the rounds of `mode`, when `round` begins. */
double forecast_share_rounds(const struct forecast *forecast, size_t mode,
                             const struct schedule_options *options, uint32_t round,
                             uint64_t spent_ns);

#endif
