#include "analysis/proof.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/timing.h"

static const double found_share = 0.8;
static const double absurd_difference = 1000;

struct proof {
    struct proof_race race;
    struct estimate *estimates; /* as race.rows */
    struct estimate *totals;    /* of each repetition, over its traces */
    double *ratios;             /* as race.rows */
    double *values;             /* of one repetition's rows */
    struct series *rows;        /* one repetition's; as the next two: trace_count */
    struct comparison *comparisons;
    struct comparison **pointers;
    double *scratch; /* as long as the longest row, trace_count at least */
};

static size_t longest_row(const struct proof_race *race)
{
    size_t longest = 0;
    for (size_t i = 0; i < race->repetition_count * race->trace_count; i++) {
        longest = race->rows[i].count > longest ? race->rows[i].count : longest;
    }
    return longest;
}

/* One repetition's rows that have ratios, every one divided by 1 + `slow_down`. */
static size_t take_rows(struct proof *proof, size_t repetition, double slow_down)
{
    size_t count = 0;
    size_t used = 0;
    for (size_t trace = 0; trace < proof->race.trace_count; trace++) {
        const struct series *row =
            &proof->race.rows[repetition * proof->race.trace_count + trace];
        double *values = proof->values + used;
        for (size_t i = 0; i < row->count; i++) {
            values[i] = row->values[i] / (1 + slow_down);
        }
        if (row->count > 0) {
            proof->rows[count++] = (struct series){values, row->count};
        }
        used += row->count;
    }
    return count;
}

static void estimate(struct proof *proof, uint64_t seed)
{
    const size_t traces = proof->race.trace_count;
    for (size_t i = 0; i < proof->race.repetition_count; i++) {
        const size_t count = take_rows(proof, i, 0);
        for (size_t trace = 0; trace < count; trace++) {
            proof->estimates[i * traces + trace] = timing_estimate(
                &proof->rows[trace], 1, proof->scratch, statistics_random(&seed));
        }
        proof->totals[i] = timing_estimate(proof->rows, count, proof->scratch,
                                           statistics_random(&seed));
    }
}

struct proof *proof_create(const struct proof_race *race, uint64_t seed)
{
    const size_t traces = race->trace_count + 1; /* calloc(0) may be NULL */
    const size_t rows = race->repetition_count * race->trace_count + 1;
    const size_t longest = longest_row(race) + 1;
    struct proof *proof = calloc(1, sizeof *proof);
    if (proof == NULL) {
        return NULL;
    }
    *proof = (struct proof){
        .race = *race,
        .estimates = calloc(rows, sizeof *proof->estimates),
        .totals = calloc(race->repetition_count + 1, sizeof *proof->totals),
        .ratios = calloc(rows, sizeof *proof->ratios),
        .values = calloc(traces * longest, sizeof *proof->values),
        .rows = calloc(traces, sizeof *proof->rows),
        .comparisons = calloc(traces, sizeof *proof->comparisons),
        .pointers = calloc(traces, sizeof *proof->pointers),
        .scratch = calloc(traces + longest, sizeof *proof->scratch),
    };
    if (proof->estimates == NULL || proof->totals == NULL || proof->ratios == NULL ||
        proof->values == NULL || proof->rows == NULL || proof->comparisons == NULL ||
        proof->pointers == NULL || proof->scratch == NULL) {
        proof_destroy(proof);
        return NULL;
    }
    for (size_t i = 0; i < race->trace_count; i++) {
        proof->pointers[i] = &proof->comparisons[i];
    }
    estimate(proof, seed);
    return proof;
}

void proof_destroy(struct proof *proof)
{
    if (proof != NULL) {
        free(proof->estimates);
        free(proof->totals);
        free(proof->ratios);
        free(proof->values);
        free(proof->rows);
        free(proof->comparisons);
        free(proof->pointers);
        free(proof->scratch);
        free(proof);
    }
}

/* The bootstrap's interval of divided ratios is the interval, divided. */
static struct estimate divide(struct estimate estimate, double slow_down)
{
    estimate.value /= 1 + slow_down;
    estimate.low /= 1 + slow_down;
    estimate.high /= 1 + slow_down;
    return estimate;
}

static bool is_difference(enum verdict verdict)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
}

static void judge_repetition(struct proof *proof, size_t repetition, double slow_down,
                             double effect, struct proof_outcome *outcome)
{
    const size_t count = take_rows(proof, repetition, slow_down);
    const size_t before = outcome->faster_count + outcome->slower_count;
    const struct estimate *estimates =
        &proof->estimates[repetition * proof->race.trace_count];
    size_t rounds = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct series *row = &proof->rows[i];
        proof->comparisons[i] =
            timing_judge(divide(estimates[i], slow_down), statistics_p_value(row, 1),
                         row->count, effect);
        outcome->test_count += proof->comparisons[i].p_value.value <= TIMING_LEVEL;
        outcome->single_count += is_difference(proof->comparisons[i].verdict);
        rounds = row->count < rounds ? row->count : rounds;
    }
    timing_correct(proof->pointers, count, proof->scratch);
    for (size_t i = 0; i < count; i++) {
        const struct comparison *comparison = &proof->comparisons[i];
        const double width = comparison->ratio.high - comparison->ratio.low;
        proof->ratios[outcome->comparison_count++] = comparison->ratio.value;
        outcome->faster_count += comparison->verdict == VERDICT_FASTER;
        outcome->slower_count += comparison->verdict == VERDICT_SLOWER;
        outcome->widest_interval =
            width > outcome->widest_interval ? width : outcome->widest_interval;
    }
    const struct comparison total =
        timing_judge(divide(proof->totals[repetition], slow_down),
                     statistics_p_value(proof->rows, count), rounds, effect);
    outcome->repetition_count++;
    outcome->verdict_repetitions +=
        outcome->faster_count + outcome->slower_count > before;
    outcome->total_repetitions += is_difference(total.verdict);
}

struct proof_outcome proof_judge(struct proof *proof, double slow_down, double effect)
{
    struct proof_outcome outcome = {.comparison_count = 0};
    for (size_t i = 0; i < proof->race.repetition_count; i++) {
        judge_repetition(proof, i, slow_down, effect, &outcome);
    }
    const size_t count = outcome.comparison_count;
    if (count > 0) {
        outcome.median_ratio = statistics_median(proof->ratios, count);
        for (size_t i = 0; i < count; i++) {
            proof->ratios[i] = fabs(proof->ratios[i] - 1);
        }
        outcome.median_distance = statistics_median(proof->ratios, count);
    }
    return outcome;
}

static bool is_found(struct proof *proof, double slow_down, double effect,
                     bool is_single)
{
    const struct proof_outcome outcome = proof_judge(proof, slow_down, effect);
    const size_t found =
        is_single ? outcome.single_count : outcome.faster_count + outcome.slower_count;
    return (double)found >= found_share * (double)outcome.comparison_count;
}

double proof_least_difference(struct proof *proof, double effect, bool is_single)
{
    double low = 0;
    double high = effect > 0 ? effect : 0.01;
    while (high < absurd_difference && !is_found(proof, high, effect, is_single)) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 10; i++) {
        const double middle = (low + high) / 2;
        if (is_found(proof, middle, effect, is_single)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}
