#include "analysis/compare_speeds.h"

#include <stdlib.h>

/* Who looks after every round finds a chance difference more often than in one of
 * twenty cases: rounds end early only for what is clearer than a verdict has to be. */
static const double stop_level = 0.01;

static bool differs(enum verdict verdict)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
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
        const bool is_narrow_enough = rounds[i] >= SUMMARY_VERDICT_ROUNDS &&
                                      answer_is_narrow(row->speed.ratio, work->effect);
        row->is_undecided = !differs(row->speed.verdict) && !is_narrow_enough;
        summary->is_certain = summary->is_certain &&
                              (is_narrow_enough || (differs(row->speed.verdict) &&
                                                    row->speed_p.value < stop_level));
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
