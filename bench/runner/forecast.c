#include "runner/forecast.h"

#include <math.h>

#include "runner/capacity.h"
#include "runner/mode.h"

static const double ns_per_second = 1e9;
static const double shortest_s = 0.004; /* a process that does nothing */
static const double only_peaks_op_s = 110e-9;

static double op_seconds(const struct mode *mode,
                         const struct schedule_options *options)
{
    return mode->finds_peaks && options->only_peaks ? only_peaks_op_s : mode->op_s;
}

/* What a process takes beside its passes. */
static double start_seconds(const struct mode *mode,
                            const struct schedule_options *options)
{
    return mode->finds_peaks && options->only_peaks
               ? mode->process_s - (double)mode->sleep_ns / ns_per_second
               : mode->process_s;
}

/* One process of the mode. */
static double process_seconds(const struct mode *mode, double ops,
                              const struct schedule_options *options)
{
    double passes = ops * op_seconds(mode, options);
    if (mode->is_repeated) {
        passes += ops * mode->pass_op_s * options->warm_min_passes;
        passes = fmax(passes, (double)options->warm_budget_ns / ns_per_second);
    }
    return start_seconds(mode, options) + passes;
}

/* One process for each allocator. */
static double once_seconds(const struct mode *mode, double rows, double ops,
                           const struct schedule_options *options)
{
    double processors = (double)capacity_processors();
    switch (mode->company) {
    case MODE_ON_EACH_PROCESSOR:
        return rows * process_seconds(mode, ops, options) / processors;
    case MODE_ALL_AT_ONCE:
        return rows * ops * op_seconds(mode, options) / processors +
               start_seconds(mode, options);
    case MODE_ALONE:
        break;
    }
    return rows * process_seconds(mode, ops, options);
}

/* All rounds of the modes [first, end). */
static double rounds_seconds(size_t first, size_t end, double rows, double ops,
                             bool has_threads, const struct schedule_options *options)
{
    double round = 0;
    for (size_t i = first; i < end; i++) {
        if (mode_in_set(options->modes, i) &&
            (has_threads || !mode_table[i].needs_threads)) {
            round += rows * process_seconds(&mode_table[i], ops, options);
        }
    }
    const struct round_limits limits = mode_round_limits(first, options);
    double budget = (double)limits.budget_ns / ns_per_second;
    return fmin(limits.most * round, fmax(budget, limits.least * round));
}

struct forecast forecast_trace(const struct run *run, const struct trace_header *header,
                               const struct schedule_options *options)
{
    double rows = (double)run->allocator_count;
    double ops = (double)header->op_count;
    const bool has_threads = header->thread_count > 1 && !options->is_flat;
    struct forecast forecast = {.seconds = 0};
    for (size_t i = 0, end; i < WORKER_MODE_COUNT; i = end) {
        end = mode_pass_end(i);
        for (size_t mode = i; mode < end; mode++) {
            forecast.share[mode] = forecast.seconds;
        }
        if (!mode_any_in_set(options->modes, i, end)) {
            continue;
        }
        forecast.seconds +=
            mode_table[i].in_rounds
                ? rounds_seconds(i, end, rows, ops, has_threads, options)
                : once_seconds(&mode_table[i], rows, ops, options);
    }
    forecast.seconds = fmax(forecast.seconds, shortest_s);
    for (size_t i = 0; i < WORKER_MODE_COUNT; i++) {
        forecast.share[i] /= forecast.seconds;
    }
    return forecast;
}

double forecast_share_rounds(const struct forecast *forecast, size_t mode,
                             const struct schedule_options *options, uint32_t round,
                             uint64_t spent_ns)
{
    /* They end with the last, or when the budget and the first rounds are over. */
    const struct round_limits limits = mode_round_limits(mode, options);
    double by_rounds = (double)round / limits.most;
    double by_budget =
        limits.budget_ns > 0 ? (double)spent_ns / (double)limits.budget_ns : 1;
    double by_minimum = limits.least > 0 ? (double)round / limits.least : 1;
    double share = fmin(1, fmax(by_rounds, fmin(by_budget, by_minimum)));
    size_t end = mode_pass_end(mode);
    double end_share = end < WORKER_MODE_COUNT ? forecast->share[end] : 1;
    return forecast->share[mode] + (end_share - forecast->share[mode]) * share;
}
