#include "analysis/micro.h"

#include <stdlib.h>

#include "analysis/statistics.h"
#include "analysis/timing.h"

/* Threads and fresh processes scatter more than replay does. */
const double micro_effect = 0.05;

static size_t times_of(const struct micro_row *row, struct round_value *times)
{
    size_t count = 0;
    for (size_t i = 0; i < row->count && count < MICRO_ROUNDS_LIMIT; i++) {
        const struct micro_sample *sample = &row->samples[i];
        if ((sample->measured & MICRO_HAS_TIME) != 0 && sample->ns_per_op > 0) {
            times[count++] = (struct round_value){sample->round, sample->ns_per_op};
        }
    }
    return count;
}

/* Every estimate has a stream of random numbers of its own. */
enum {
    TIME_SEED = 1,
    RATIO_SEED
};

/* The verdict stands for this case alone until timing_correct has seen all. */
static void judge_time(struct micro_figures *figures, const struct micro_row *row,
                       const struct micro_row *reference)
{
    struct round_value own[MICRO_ROUNDS_LIMIT];
    struct round_value other[MICRO_ROUNDS_LIMIT];
    double values[MICRO_ROUNDS_LIMIT];
    double scratch[MICRO_ROUNDS_LIMIT];
    const size_t count = times_of(row, own);
    const size_t other_count = times_of(reference, other);
    for (size_t i = 0; i < count; i++) {
        values[i] = own[i].value;
    }
    struct series series = {.values = values, .count = count};
    figures->ns_per_op = timing_estimate(&series, count > 0, scratch, TIME_SEED);
    series.count = statistics_pair_ratios(other, other_count, own, count, values);
    if (series.count == 0) {
        return;
    }
    if (row == reference) {
        figures->speed = (struct comparison){
            .ratio = {.value = 1, .low = 1, .high = 1, .present = true},
            .verdict = VERDICT_REFERENCE};
    } else {
        figures->speed = timing_compare(&series, 1, micro_effect, scratch, RATIO_SEED);
    }
}

static uint64_t field_of(const struct micro_sample *sample, enum micro_measured which)
{
    switch (which) {
    case MICRO_HAS_WORST:
        return sample->worst_op_ns;
    case MICRO_HAS_PEAK:
        return sample->peak_resident_bytes;
    case MICRO_HAS_AFTER:
        return sample->after_resident_bytes;
    case MICRO_HAS_FAULTS:
        return sample->minor_faults;
    case MICRO_HAS_TIME:
        break;
    }
    return 0;
}

/* Median over rounds, but of the worst operation the least: what happens in every round
 * is the allocator's doing, what happens in one the machine's. */
static struct figure figure_of(const struct micro_row *row, enum micro_measured which)
{
    double values[MICRO_ROUNDS_LIMIT];
    size_t count = 0;
    for (size_t i = 0; i < row->count && count < MICRO_ROUNDS_LIMIT; i++) {
        if ((row->samples[i].measured & which) != 0) {
            values[count++] = (double)field_of(&row->samples[i], which);
        }
    }
    if (count == 0) {
        return (struct figure){.present = false};
    }
    const double median = statistics_median(values, count); /* sorts */
    return (struct figure){which == MICRO_HAS_WORST ? values[0] : median, true};
}

static struct figure growth_of(const struct micro_run *run, struct figure bytes)
{
    if (bytes.present && run->has_base) {
        return (struct figure){bytes.value - (double)run->base_bytes, true};
    }
    return (struct figure){.present = false};
}

static struct figure ratio_of(struct figure growth, struct figure reference)
{
    if (growth.present && reference.present && reference.value > 0 &&
        growth.value > 0) {
        return (struct figure){growth.value / reference.value, true};
    }
    return (struct figure){.present = false};
}

static struct micro_figures figures_of(const struct micro_run *run, size_t case_index,
                                       size_t allocator_index)
{
    const struct micro_row *row = micro_run_row(run, case_index, allocator_index);
    const struct micro_row *reference =
        micro_run_row(run, case_index, run->reference_index);
    struct micro_figures figures = {
        .worst_op_ns = figure_of(row, MICRO_HAS_WORST),
        .peak_growth_bytes = growth_of(run, figure_of(row, MICRO_HAS_PEAK)),
        .after_growth_bytes = growth_of(run, figure_of(row, MICRO_HAS_AFTER)),
        .minor_faults = figure_of(row, MICRO_HAS_FAULTS),
    };
    figures.peak_ratio = ratio_of(figures.peak_growth_bytes,
                                  growth_of(run, figure_of(reference, MICRO_HAS_PEAK)));
    judge_time(&figures, row, reference);
    return figures;
}

/* An allocator's verdicts on all cases are a family. */
static void correct_verdicts(const struct micro_run *run, struct micro_figures *figures,
                             size_t allocator_index)
{
    struct comparison *family[MICRO_CASES];
    double scratch[MICRO_CASES];
    size_t count = 0;
    for (size_t i = 0; i < run->case_count && count < MICRO_CASES; i++) {
        family[count++] = &figures[i * run->allocator_count + allocator_index].speed;
    }
    timing_correct(family, count, scratch);
}

struct micro_figures *micro_figures_create(const struct micro_run *run)
{
    struct micro_figures *figures =
        calloc(run->case_count * run->allocator_count + 1, sizeof *figures);
    for (size_t i = 0; figures != NULL && i < run->case_count; i++) {
        for (size_t j = 0; j < run->allocator_count; j++) {
            figures[i * run->allocator_count + j] = figures_of(run, i, j);
        }
    }
    for (size_t j = 0; figures != NULL && j < run->allocator_count; j++) {
        correct_verdicts(run, figures, j);
    }
    return figures;
}
