/* A server under one candidate: started, waited for, loaded, left alone for a while,
 * stopped; its memory is looked at all the time. */
#ifndef SNUGBENCH_LIVE_SERVER_H
#define SNUGBENCH_LIVE_SERVER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/run.h"
#include "live/study.h"

struct server_plan {
    const char *ready;     /* shell command, asked until it succeeds; NULL: none */
    unsigned ready_port;   /* of 127.0.0.1, asked until it answers; 0: none */
    const char *load;      /* shell command */
    const regex_t *metric; /* in what the load prints; NULL: its time counts */
    uint64_t ready_timeout_ns, linger_ns, stop_timeout_ns;
};

/* Whether something answers already, before the server is started. */
bool server_is_taken(const struct server_plan *plan);

/* The whole life of `run`, which has been started, but for live_finish. false: `error`
 * has the reason (empty if somebody asked to stop). */
bool server_lead(struct live_run *run, const struct server_plan *plan,
                 struct live_time *time, struct live_memory *memory, char *error,
                 size_t error_size);

/* The number in the first match of `metric` (its first group, if it has one). */
bool server_find_metric(const regex_t *metric, const char *text, double *value);

/* Least-squares slope of the second half of the load, in bytes a minute; false: that
 * half is too short to tell. */
bool server_growth(const struct live_point *points, size_t count, double *slope);

#endif
