/* Synthetic traces: a model, a seed and a few parameters give the same trace on every
 * machine. A trace has at most the operations asked for (a model may stop a step early)
 * and ends with nothing live. */
#ifndef SNUGBENCH_TRACE_GENERATE_H
#define SNUGBENCH_TRACE_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct generate_parameters {
    uint64_t ops;
    uint64_t seed;
    uint64_t min_bytes; /* of a request; what the model makes of it is in its summary */
    uint64_t max_bytes;
    uint64_t live; /* blocks live at a time, about */
};

struct generator;

struct generate_model {
    const char *name;
    const char *summary;
    struct generate_parameters defaults;
    void (*run)(struct generator *generator);
};

/* Threads of the model at once, unless asked otherwise; 1: it has no more. */
uint64_t generate_default_threads(const struct generate_model *model);

#define GENERATE_THREADS_MAX 64
#define GENERATE_OPS_MAX ((uint64_t)1 << 32)
#define GENERATE_LIVE_MAX ((uint64_t)1 << 28)
#define GENERATE_BYTES_MAX ((uint64_t)1 << 40)

/* All models, `count` of them, in the order in which they are listed. */
const struct generate_model *generate_models(size_t *count);

/* NULL: no model of that name. */
const struct generate_model *generate_find(const char *name);

/* A sealed trace named after the model. NULL with error: parameters out of range (1 <=
 * min_bytes <= max_bytes, and the maxima above; `threads` from 2, or 1 for a model that
 * has no more) or out of memory. */
struct trace *generate_trace(const struct generate_model *model,
                             const struct generate_parameters *parameters,
                             uint64_t threads, struct trace_error *error);

#endif
