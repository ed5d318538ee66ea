#include "analysis/compare_speeds.h"

#include <stdlib.h>

/* Who looks after every round finds a chance difference more often than in one of
 * twenty cases: rounds end early only for what is clearer than a verdict has to be. */
static const double stop_level = 0.01;

static bool differs(enum verdict verdict)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
}

static bool is_narrow(const struct pair_work *work, struct estimate ratio,
                      size_t rounds)
{
    return rounds >= SUMMARY_VERDICT_ROUNDS && answer_is_narrow(ratio, work->effect);
}

static bool is_clear(enum verdict verdict, double p)
{
    return differs(verdict) && p < stop_level;
}

static void judge_all_speeds(struct pair_work *work, struct compare_summary *summary,
                             double *p, size_t *rounds)
{
    const struct study *study = work->study;
    const size_t reference = study->reference_index;
    size_t tested = 0;
    for (size_t i = 0; i < study->count; i++) {
        struct compare_row *row = &summary->rows[i];
        row->speed = (struct comparison){.verdict = VERDICT_NONE};
        if (!row->present || !summary->rows[reference].present) {
            continue;
        }
        double alone;
        row->speed.ratio =
            pair_speed(work, &study->candidates[i], &study->candidates[reference],
                       &rounds[i], &alone);
        if (i != reference) {
            p[tested++] = alone;
        }
    }
    const size_t test_count = tested;
    summary->is_certain = true;
    tested = 0;
    for (size_t i = 0; i < study->count; i++) {
        struct compare_row *row = &summary->rows[i];
        if (!row->present || !row->speed.ratio.present || i == reference) {
            row->speed.verdict =
                i == reference && row->present ? VERDICT_REFERENCE : VERDICT_NONE;
            tested +=
                i != reference && row->present && summary->rows[reference].present;
            continue;
        }
        row->speed_p = (struct figure){statistics_holm(p, test_count, tested++), true};
        row->speed.verdict = pair_judge_speed(row->speed.ratio, rounds[i], work->effect,
                                              row->speed_p.value);
        const bool is_narrow_enough = is_narrow(work, row->speed.ratio, rounds[i]);
        row->is_undecided = !differs(row->speed.verdict) && !is_narrow_enough;
        summary->is_certain =
            summary->is_certain &&
            (is_narrow_enough || is_clear(row->speed.verdict, row->speed_p.value));
    }
}

bool speeds_judge(struct pair_work *work, struct compare_summary *summary)
{
    const size_t count = summary->count;
    double *p = calloc(count, sizeof *p);
    size_t *rounds = calloc(count, sizeof *rounds);
    const bool done = p != NULL && rounds != NULL;
    if (done) {
        judge_all_speeds(work, summary, p, rounds);
    }
    free(p);
    free(rounds);
    return done;
}

static double median_score(struct pair_work *work, size_t index)
{
    const struct candidate *candidate = &work->study->candidates[index];
    for (size_t i = 0; i < candidate->time_count; i++) {
        work->values[i] = candidate->times[i].score;
    }
    return statistics_median(work->values, candidate->time_count);
}

/* Who has the best median of those that are faster than the reference. The count: none
 * is. */
static size_t find_leader(struct pair_work *work, const struct compare_summary *summary)
{
    size_t leader = summary->count;
    double best = 0;
    for (size_t i = 0; i < summary->count; i++) {
        if (summary->rows[i].speed.verdict == VERDICT_FASTER) {
            const double score = median_score(work, i);
            const double merit = work->study->larger_is_better ? score : -score;
            if (leader == summary->count || merit > best) {
                leader = i;
                best = merit;
            }
        }
    }
    return leader;
}

bool speeds_leader_is_certain(struct pair_work *work,
                              const struct compare_summary *summary)
{
    const struct study *study = work->study;
    const size_t leader = find_leader(work, summary);
    bool is_certain = true;
    for (size_t i = 0; i < summary->count && leader < summary->count && is_certain;
         i++) {
        if (i == leader || i == study->reference_index || !summary->rows[i].present) {
            continue;
        }
        size_t rounds;
        double p;
        const struct estimate ratio = pair_speed(work, &study->candidates[leader],
                                                 &study->candidates[i], &rounds, &p);
        is_certain = !ratio.present || is_narrow(work, ratio, rounds) ||
                     is_clear(pair_judge_speed(ratio, rounds, work->effect, p), p);
    }
    return is_certain;
}
