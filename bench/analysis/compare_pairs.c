#include "analysis/compare_pairs.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/timing.h"

/* Peaks repeat to a hundredth or two; a second look has to confirm what is less. */
static const double one_run_effect = 0.05;

const double pair_level = 0.05;

bool pair_work_create(struct pair_work *work, const struct study *study, double effect)
{
    *work = (struct pair_work){.study = study, .effect = effect, .room = 1};
    for (size_t i = 0; i < study->count; i++) {
        const struct candidate *candidate = &study->candidates[i];
        work->room =
            candidate->time_count > work->room ? candidate->time_count : work->room;
        work->room =
            candidate->memory_count > work->room ? candidate->memory_count : work->room;
    }
    work->left = calloc(work->room, sizeof *work->left);
    work->right = calloc(work->room, sizeof *work->right);
    work->values = calloc(work->room, sizeof *work->values);
    work->scratch = calloc(work->room, sizeof *work->scratch);
    return work->left != NULL && work->right != NULL && work->values != NULL &&
           work->scratch != NULL;
}

void pair_work_destroy(struct pair_work *work)
{
    free(work->left);
    free(work->right);
    free(work->values);
    free(work->scratch);
}

static size_t scores_of(const struct candidate *candidate, struct round_value *out)
{
    for (size_t i = 0; i < candidate->time_count; i++) {
        out[i] = (struct round_value){.round = candidate->times[i].round,
                                      .value = candidate->times[i].score};
    }
    return candidate->time_count;
}

size_t pair_peaks(const struct candidate *candidate, struct round_value *out)
{
    size_t count = 0;
    for (size_t i = 0; i < candidate->memory_count; i++) {
        if (candidate->memories[i].peak_bytes > 0) {
            out[count++] = (struct round_value){
                .round = candidate->memories[i].round,
                .value = (double)candidate->memories[i].peak_bytes};
        }
    }
    return count;
}

struct estimate pair_estimate(struct pair_work *work, const double *values,
                              size_t count, uint64_t seed)
{
    const struct series row = {.values = values, .count = count};
    return timing_estimate(&row, count > 0, work->scratch, seed);
}

struct estimate pair_speed(struct pair_work *work, const struct candidate *subject,
                           const struct candidate *other, size_t *rounds, double *p)
{
    const size_t left = scores_of(other, work->left);
    const size_t right = scores_of(subject, work->right);
    const bool larger = work->study->larger_is_better;
    *rounds = larger ? statistics_pair_ratios(work->right, right, work->left, left,
                                              work->values)
                     : statistics_pair_ratios(work->left, left, work->right, right,
                                              work->values);
    const struct series row = {.values = work->values, .count = *rounds};
    *p = statistics_p_value(&row, 1);
    return pair_estimate(work, work->values, *rounds, 2);
}

enum verdict pair_judge_speed(struct estimate ratio, size_t rounds, double effect,
                              double p)
{
    const enum verdict verdict = timing_verdict(ratio, rounds, effect);
    const bool differs = verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
    return differs && p >= pair_level ? VERDICT_SAME : verdict;
}

struct estimate pair_size(struct pair_work *work, const struct candidate *subject,
                          const struct candidate *other, size_t *runs)
{
    const size_t left = pair_peaks(subject, work->left);
    const size_t right = pair_peaks(other, work->right);
    *runs = statistics_pair_ratios(work->left, left, work->right, right, work->values);
    return pair_estimate(work, work->values, *runs, 3);
}

double pair_size_effect(size_t runs, double effect)
{
    return runs == 1 ? fmax(effect, one_run_effect) : effect;
}

enum size_verdict pair_judge_size(struct estimate ratio, size_t runs, double effect)
{
    if (!ratio.present) {
        return SIZE_NONE;
    }
    effect = pair_size_effect(runs, effect);
    if (ratio.high < 1 && ratio.value <= 1 / (1 + effect)) {
        return SIZE_SMALLER;
    }
    return ratio.low > 1 && ratio.value >= 1 + effect ? SIZE_LARGER : SIZE_SAME;
}
