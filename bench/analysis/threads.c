#include "analysis/threads.h"

#include <stdlib.h>

#include "analysis/statistics.h"
#include "analysis/timing.h"

/* The median over processes of what `value` takes from each. */
static struct figure median(const struct timing_samples *samples, double *scratch,
                            uint64_t (*value)(const struct timing_sample *sample))
{
    for (size_t i = 0; i < samples->count; i++) {
        scratch[i] = (double)value(&samples->items[i]);
    }
    if (samples->count == 0) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = statistics_median(scratch, samples->count),
                           .present = true};
}

static uint64_t wall_ns(const struct timing_sample *sample)
{
    return sample->best_pass_ns;
}

static uint64_t cpu_ns(const struct timing_sample *sample)
{
    return sample->best_cpu_ns;
}

static uint64_t waited_ns(const struct timing_sample *sample)
{
    return sample->best_waited_ns;
}

/* Every estimate has a stream of random numbers of its own. */
enum {
    FLAT_SEED = 1,
    SCALING_SEED
};

static struct estimate estimate(const double *values, size_t count, double *scratch,
                                uint64_t seed)
{
    const struct series row = {.values = values, .count = count};
    return timing_estimate(&row, count > 0, scratch, seed);
}

static bool fill(struct thread_figures *figures, const struct result *result,
                 uint64_t op_count, double *scratch)
{
    const struct timing_samples none = {.count = 0};
    struct timing_values flat;
    struct timing_values warm;
    if (!timing_values_create(&flat, result->flat, none, op_count)) {
        return false;
    }
    if (!timing_values_create(&warm, result->warm, result->flat, op_count)) {
        timing_values_destroy(&flat);
        return false;
    }
    *figures = (struct thread_figures){
        .wall_ns = median(&result->warm, scratch, wall_ns),
        .cpu_ns = median(&result->warm, scratch, cpu_ns),
        .waited_ns = median(&result->warm, scratch, waited_ns),
        .flat_ns_per_op = estimate(flat.ns_per_op, flat.count, scratch, FLAT_SEED),
        .scaling = estimate(warm.ratios, warm.ratio_count, scratch, SCALING_SEED),
    };
    timing_values_destroy(&flat);
    timing_values_destroy(&warm);
    return true;
}

bool threads_figures(struct thread_figures *figures, const struct result *result,
                     const struct trace_facts *trace)
{
    *figures = (struct thread_figures){.flat_ns_per_op = {.present = false}};
    if (trace->replay_threads <= 1 || trace->header.op_count == 0) {
        return true;
    }
    double *scratch =
        calloc(result->warm.count + result->flat.count + 1, sizeof *scratch);
    const bool filled =
        scratch != NULL && fill(figures, result, trace->header.op_count, scratch);
    free(scratch);
    return filled;
}
