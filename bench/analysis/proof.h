/* Whether the statistics keep their word: equals raced against each other must get no
 * more verdicts than the stated level allows, and a difference of known size must be
 * found as often as the power says. */
#ifndef SNUGBENCH_ANALYSIS_PROOF_H
#define SNUGBENCH_ANALYSIS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/statistics.h"

/* Two allocators raced again and again over the same traces: ratios reference / subject
 * of repetition r on trace t are rows[r * trace_count + t]; none where it failed. */
struct proof_race {
    const struct series *rows;
    size_t repetition_count;
    size_t trace_count;
};

struct proof_outcome {
    size_t comparison_count; /* of a repetition and a trace, as the next four */
    size_t test_count;       /* the test alone: its p-value is at most TIMING_LEVEL */
    size_t single_count;     /* verdicts, were there one trace */
    size_t faster_count;     /* verdicts as 'replay' gives them */
    size_t slower_count;
    size_t repetition_count;    /* as the next two */
    size_t verdict_repetitions; /* that have any verdict on a trace */
    size_t total_repetitions;   /* whose verdict over all traces is a difference */
    double median_ratio;        /* over comparisons, as the next two */
    double median_distance;     /* of the ratio from 1 */
    double widest_interval;     /* high - low */
};

/* Races that are being judged. */
struct proof;

/* NULL: out of memory. The race must outlive it. */
struct proof *proof_create(const struct proof_race *race, uint64_t seed);
void proof_destroy(struct proof *proof);

/* Judges each repetition as a run of its own, after every ratio has been divided by 1 +
 * `slow_down`: what is found of equals then is the power, under this machine's own
 * noise as it came. 0 judges the ratios as they are. `effect` as in timing_verdict. */
struct proof_outcome proof_judge(struct proof *proof, double slow_down, double effect);

/* The least slow-down of equals that gets a verdict in four of five comparisons; if
 * `is_single`, were each the only one. */
double proof_least_difference(struct proof *proof, double effect, bool is_single);

#endif
