/* How long a trace will take: for the time left that progress shows, and nothing else.
 * The seconds are of one machine; progress scales them by what was really spent. */
#ifndef SNUGBENCH_RUNNER_FORECAST_H
#define SNUGBENCH_RUNNER_FORECAST_H

#include <stdint.h>

#include "runner/result.h"
#include "runner/schedule.h"

struct forecast {
    double seconds;
    double verify_share;   /* of the seconds, when verification is done */
    double syscalls_share; /* when system calls are counted too */
    double memory_share;   /* and memory is measured */
};

struct forecast forecast_trace(const struct run *run, const struct trace_header *header,
                               const struct schedule_options *options);

/* The share that is done `spent_ns` into the timed rounds, at the start of `round`. */
double forecast_share_timed(const struct forecast *forecast,
                            const struct schedule_options *options, uint32_t round,
                            uint64_t spent_ns);

#endif
