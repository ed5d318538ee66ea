#include "runner/forecast.h"

#include <math.h>

#include "runner/capacity.h"

/* Seconds, as seen on a 2-core virtual machine. */
static const double second = 1e9; /* in ns */
static const double verify_op = 200e-9;
static const double traced_op = 60e-9;
static const double traced_process = 0.03;
static const double memory_op = 200e-9;
static const double memory_process = 1.1; /* sleeps for a second of it */
static const double cold_op = 120e-9;
static const double warm_up_op = 150e-9; /* two or three passes */
static const double warm_op = 25e-9;
static const double process = 0.004;

struct forecast forecast_trace(const struct run *run, const struct trace_header *header,
                               const struct schedule_options *options)
{
    double rows = (double)run->allocator_count;
    double ops = (double)header->op_count;
    double row_ops = rows * ops;
    double processors = (double)capacity_processors();
    double verify =
        options->passes & PASS_VERIFY ? row_ops * verify_op / processors : 0;
    double traced = options->passes & PASS_SYSCALLS
                        ? row_ops * traced_op + rows * traced_process
                        : 0;
    double memory = options->passes & PASS_MEMORY
                        ? row_ops * memory_op / processors + memory_process
                        : 0;
    double timed = 0;
    if (options->passes & PASS_TIME) {
        double warm = fmax((double)options->warm_budget_ns / second,
                           ops * (warm_up_op + warm_op * options->warm_min_passes));
        double round = rows * (2 * process + ops * cold_op + warm);
        double budget = (double)options->budget_ns / second;
        timed = fmin(options->max_rounds * round,
                     fmax(budget, options->min_rounds * round));
    }
    double seconds = fmax(verify + traced + memory + timed, process);
    return (struct forecast){
        .seconds = seconds,
        .verify_share = verify / seconds,
        .syscalls_share = (verify + traced) / seconds,
        .memory_share = (verify + traced + memory) / seconds,
    };
}

double forecast_share_timed(const struct forecast *forecast,
                            const struct schedule_options *options, uint32_t round,
                            uint64_t spent_ns)
{
    /* It ends with the last round, or when the budget and the first rounds are over. */
    double by_rounds = (double)round / options->max_rounds;
    double by_budget =
        options->budget_ns > 0 ? (double)spent_ns / (double)options->budget_ns : 1;
    double by_minimum =
        options->min_rounds > 0 ? (double)round / options->min_rounds : 1;
    double share = fmin(1, fmax(by_rounds, fmin(by_budget, by_minimum)));
    return forecast->memory_share + (1 - forecast->memory_share) * share;
}
