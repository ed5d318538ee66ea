#include "analysis/timing.h"

#include <stdlib.h>

/* A time of 0 is none: the process ended before its first pass did. Returns how many.
 */
static size_t fill_round_values(struct round_value *out, struct timing_samples samples,
                                uint64_t op_count)
{
    size_t count = 0;
    for (size_t i = 0; i < samples.count; i++) {
        const struct timing_sample *sample = &samples.items[i];
        if (sample->best_pass_ns > 0) {
            out[count++] = (struct round_value){
                .round = sample->round,
                .value = (double)sample->best_pass_ns / (double)op_count,
            };
        }
    }
    return count;
}

bool timing_values_create(struct timing_values *values, struct timing_samples samples,
                          struct timing_samples reference, uint64_t op_count)
{
    *values = (struct timing_values){.count = 0};
    if (samples.count == 0) {
        return true;
    }
    struct round_value *rounds =
        calloc(samples.count + reference.count, sizeof *rounds);
    values->ns_per_op = calloc(samples.count, sizeof *values->ns_per_op);
    values->ratios = calloc(samples.count, sizeof *values->ratios);
    if (rounds == NULL || values->ns_per_op == NULL || values->ratios == NULL) {
        free(rounds);
        timing_values_destroy(values);
        return false;
    }
    struct round_value *reference_rounds = rounds + samples.count;
    const size_t reference_count =
        fill_round_values(reference_rounds, reference, op_count);
    values->count = fill_round_values(rounds, samples, op_count);
    for (size_t i = 0; i < values->count; i++) {
        values->ns_per_op[i] = rounds[i].value;
    }
    values->ratio_count = statistics_pair_ratios(reference_rounds, reference_count,
                                                 rounds, values->count, values->ratios);
    free(rounds);
    return true;
}

void timing_values_destroy(struct timing_values *values)
{
    free(values->ns_per_op);
    free(values->ratios);
    *values = (struct timing_values){.count = 0};
}

struct estimate timing_estimate(const struct series *rows, size_t row_count,
                                double *scratch, uint64_t seed)
{
    if (row_count == 0) {
        return (struct estimate){.present = false};
    }
    const struct interval interval =
        statistics_bootstrap(rows, row_count, scratch, seed);
    return (struct estimate){.value = statistics_center(rows, row_count, scratch),
                             .low = interval.low,
                             .high = interval.high,
                             .present = true};
}

enum verdict timing_verdict(struct estimate ratio, size_t rounds, double effect)
{
    if (!ratio.present) {
        return VERDICT_NONE;
    }
    if (rounds < SUMMARY_VERDICT_ROUNDS) {
        return VERDICT_TOO_FEW;
    }
    if (ratio.low > 1 && ratio.value >= 1 + effect) {
        return VERDICT_FASTER;
    }
    if (ratio.high < 1 && ratio.value <= 1 / (1 + effect)) {
        return VERDICT_SLOWER;
    }
    return VERDICT_SAME;
}

static bool is_difference(enum verdict verdict)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
}

static void doubt(struct comparison *comparison, double p_value)
{
    if (is_difference(comparison->verdict) && p_value > TIMING_LEVEL) {
        comparison->verdict = VERDICT_SAME;
    }
}

struct comparison timing_judge(struct estimate ratio, double p_value, size_t rounds,
                               double effect)
{
    struct comparison comparison = {
        .ratio = ratio,
        .p_value = {.value = p_value, .present = ratio.present},
        .verdict = timing_verdict(ratio, rounds, effect),
    };
    doubt(&comparison, p_value);
    return comparison;
}

struct comparison timing_compare(const struct series *rows, size_t row_count,
                                 double effect, double *scratch, uint64_t seed)
{
    size_t rounds = SIZE_MAX;
    for (size_t i = 0; i < row_count; i++) {
        rounds = rows[i].count < rounds ? rows[i].count : rounds;
    }
    return timing_judge(timing_estimate(rows, row_count, scratch, seed),
                        statistics_p_value(rows, row_count), rounds, effect);
}

void timing_correct(struct comparison *const *comparisons, size_t count,
                    double *scratch)
{
    size_t tested = 0;
    for (size_t i = 0; i < count; i++) {
        if (comparisons[i]->p_value.present) {
            scratch[tested++] = comparisons[i]->p_value.value;
        }
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        if (comparisons[i]->p_value.present) {
            doubt(comparisons[i], statistics_holm(scratch, tested, at++));
        }
    }
}
