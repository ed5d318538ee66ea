/* The order of runs: a warm-up round of our own runs (the check of the preload and the
 * first look at memory), then timed rounds, each visiting the candidates in a fresh
 * random order. Who calls decides after each round whether there is another. */
#ifndef SNUGBENCH_LIVE_ROUNDS_H
#define SNUGBENCH_LIVE_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/server.h"
#include "live/study.h"
#include "runner/progress.h"
#include "runner/rng.h"

/* The user's words; NULL: not given. */
struct live_options {
    char *const *command;
    const char *setup, *prepare, *conclude, *cleanup; /* shell commands */
    const char *input, *output;
    bool check_output;
    bool ignore_failure;
    bool is_verbose;
    uint32_t warmup_count; /* runs before the first that counts; at least the check */
    uint64_t timeout_ns;
    double budget_s; /* from the beginning to the answer */
    double kept_s;   /* of that, for what comes behind the rounds */
    uint32_t min_rounds, max_rounds;
    uint32_t memory_rounds; /* in the first of them memory is measured as well */
    bool is_server;
    struct server_plan server;
};

struct rounds {
    struct study *study;
    const struct live_options *options;
    struct rng rng;
    struct progress progress;
    uint64_t start_ns;
    double round_s;     /* how long the last one took */
    uint32_t runs_done; /* in all of them, the warm-up's and those of memory too */
    int output_file;    /* of the reference, for --check-output; negative: none yet */
    bool output_varies; /* from run to run of the reference itself */
    char error[512];    /* of rounds_begin */
};

/* --setup. false: `error` filled, nothing to end. */
bool rounds_begin(struct rounds *rounds, struct study *study,
                  const struct live_options *options);

/* The warm-up round. */
void rounds_warm_up(struct rounds *rounds);

/* One timed round. */
void rounds_next(struct rounds *rounds);

/* What is still to come if nothing is decided early: of rounds whose warm-up is over.
 */
double rounds_seconds_left(const struct rounds *rounds, double elapsed_s);

/* One more run beside all rounds, told as `what`, of `command` and with the hooks: it
 * counts nowhere, and what it prints is dropped. Before rounds_end. false: `failure`
 * says why (empty if somebody asked to stop). */
bool rounds_run_aside(const struct rounds *rounds, const char *what,
                      char *const *command, uint64_t timeout_ns, char *failure,
                      size_t failure_size);

/* Whether the budget has room for `count` more like the last. */
bool rounds_have_time(const struct rounds *rounds, uint32_t count);

/* --cleanup, and what the study says of the whole. */
void rounds_end(struct rounds *rounds);

#endif
