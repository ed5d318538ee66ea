#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/compare_pairs.h"

enum {
    MOST_ROUNDS_WORTH_NAMING = 500,
};

/* Who looks after every round finds a chance difference more often than in one of
 * twenty cases: rounds end early only for what is clearer than a verdict has to be. */
static const double stop_level = 0.01;
static const double noisy_spread = 0.10;

static bool is_present(const struct candidate *candidate)
{
    return !candidate->failed &&
           (candidate->time_count > 0 || candidate->memory_count > 0);
}

static double half_width(struct estimate ratio)
{
    return (ratio.high - ratio.low) / (2 * ratio.value);
}

static bool differs(enum verdict verdict)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
}

/* Narrow enough to be called the same, or certain to be within the effect. */
static bool is_narrow(struct estimate ratio, double effect)
{
    return half_width(ratio) <= effect / 2 ||
           (ratio.low > 1 / (1 + effect) && ratio.high < 1 + effect);
}

/* ---- the speed of all against the reference ---- */

/* Rounds that would narrow the interval to what is asked of it: its width goes with the
 * root of their number. */
static double rounds_to_decide(struct estimate ratio, size_t rounds, double effect)
{
    const double difference = fabs(log(ratio.value));
    const double target = difference >= effect ? 0.8 * difference : effect / 2;
    const double factor = half_width(ratio) / target;
    return (double)rounds * fmax(factor * factor, 1 + 1 / (double)rounds);
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
    double most = 0;
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
                                      is_narrow(row->speed.ratio, work->effect);
        row->is_undecided = !differs(row->speed.verdict) && !is_narrow_enough;
        summary->is_certain = summary->is_certain &&
                              (is_narrow_enough || (differs(row->speed.verdict) &&
                                                    row->speed_p.value < stop_level));
        if (row->is_undecided) {
            const double wanted =
                row->speed.verdict == VERDICT_TOO_FEW
                    ? SUMMARY_VERDICT_ROUNDS
                    : rounds_to_decide(row->speed.ratio, rounds[i], work->effect);
            const double more = wanted - (double)rounds[i];
            if (more <= MOST_ROUNDS_WORTH_NAMING) {
                most = fmax(most, more);
            } else {
                summary->hopeless_count++;
            }
            summary->undecided_count++;
        }
    }
    summary->more_rounds = (size_t)ceil(most);
}

/* ---- one row ---- */

/* A median with a bootstrap interval of values that may be negative: shifted to the
 * positive, where a ratio scale is none the worse for one row. */
static struct estimate signed_estimate(struct pair_work *work, double *values,
                                       size_t count)
{
    double least = 0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, values[i]);
    }
    const double shift = 1 - least;
    for (size_t i = 0; i < count; i++) {
        values[i] += shift;
    }
    struct estimate estimate = pair_estimate(work, values, count, 6);
    estimate.value -= shift;
    estimate.low -= shift;
    estimate.high -= shift;
    return estimate;
}

static struct figure median_of(double *values, size_t count)
{
    if (count == 0) {
        return (struct figure){.present = false};
    }
    return (struct figure){statistics_median(values, count), true};
}

enum time_part {
    PART_USER,
    PART_SYSTEM,
    PART_BOTH
};

static size_t times_of(const struct candidate *candidate, enum time_part part,
                       double *out)
{
    for (size_t i = 0; i < candidate->time_count; i++) {
        const struct live_time *time = &candidate->times[i];
        out[i] = (part != PART_SYSTEM ? time->user_s : 0) +
                 (part != PART_USER ? time->system_s : 0);
    }
    return candidate->time_count;
}

static void fill_times(struct pair_work *work, struct compare_row *row,
                       const struct candidate *candidate)
{
    double *values = work->values;
    size_t count = candidate->time_count;
    for (size_t i = 0; i < count; i++) {
        values[i] = candidate->times[i].score;
    }
    row->score = pair_estimate(work, values, count, 1);
    if (count > 0) {
        row->outlier_count =
            (struct figure){(double)statistics_outlier_count(values, count), true};
    }
    /* A program may be too short for the kernel's clock of processor time. */
    count = times_of(candidate, PART_BOTH, values);
    row->cpu_s = signed_estimate(work, values, count);
    row->user_s = median_of(values, times_of(candidate, PART_USER, values));
    row->system_s = median_of(values, times_of(candidate, PART_SYSTEM, values));
}

static void fill_memory(struct pair_work *work, struct compare_row *row,
                        const struct candidate *candidate)
{
    double *values = work->values;
    const size_t count = candidate->memory_count;
    const size_t peaks = pair_peaks(candidate, work->left);
    for (size_t i = 0; i < peaks; i++) {
        values[i] = work->left[i].value;
    }
    row->peak_bytes = pair_estimate(work, values, peaks, 4);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)candidate->memories[i].minor_faults;
    }
    row->minor_faults = median_of(values, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)candidate->memories[i].major_faults;
    }
    row->major_faults = median_of(values, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)candidate->memories[i].process_count;
    }
    row->process_count = median_of(values, count);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (candidate->memories[i].has_left && candidate->memories[i].left_bytes > 0) {
            values[used++] = (double)candidate->memories[i].left_bytes;
        }
    }
    row->left_bytes = pair_estimate(work, values, used, 5);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        if (candidate->memories[i].has_growth) {
            values[used++] = candidate->memories[i].growth_bytes_per_minute;
        }
    }
    row->growth_bytes_per_minute = signed_estimate(work, values, used);
}

static void fill_row(struct pair_work *work, struct compare_row *row, size_t index)
{
    const struct study *study = work->study;
    const struct candidate *candidate = &study->candidates[index];
    const struct candidate *reference = &study->candidates[study->reference_index];
    fill_times(work, row, candidate);
    fill_memory(work, row, candidate);
    if (is_present(reference)) {
        size_t runs;
        row->peak_ratio = pair_size(work, candidate, reference, &runs);
        row->peak_verdict = index == study->reference_index
                                ? SIZE_NONE
                                : pair_judge_size(row->peak_ratio, runs, work->effect);
    }
}

/* ---- the answer ---- */

static bool is_faster(struct pair_work *work, size_t subject, size_t other)
{
    size_t rounds;
    double p;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        pair_speed(work, &candidates[subject], &candidates[other], &rounds, &p);
    return pair_judge_speed(ratio, rounds, work->effect, p) == VERDICT_FASTER;
}

static bool is_smaller(struct pair_work *work, size_t subject, size_t other)
{
    size_t runs;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        pair_size(work, &candidates[subject], &candidates[other], &runs);
    return pair_judge_size(ratio, runs, work->effect) == SIZE_SMALLER;
}

static void find_best(struct compare_summary *summary, const struct study *study)
{
    summary->fastest = summary->smallest = summary->least_left = summary->count;
    for (size_t i = 0; i < summary->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        if (!row->present) {
            summary->failed_count += study->candidates[i].failed;
            continue;
        }
        const struct compare_row *fastest = &summary->rows[summary->fastest];
        const struct compare_row *smallest = &summary->rows[summary->smallest];
        const struct compare_row *least = &summary->rows[summary->least_left];
        const double sign = study->larger_is_better ? -1 : 1;
        if (row->score.present &&
            (summary->fastest == summary->count ||
             sign * row->score.value < sign * fastest->score.value)) {
            summary->fastest = i;
        }
        if (row->peak_bytes.present &&
            (summary->smallest == summary->count ||
             row->peak_bytes.value < smallest->peak_bytes.value)) {
            summary->smallest = i;
        }
        if (row->left_bytes.present &&
            (summary->least_left == summary->count ||
             row->left_bytes.value < least->left_bytes.value)) {
            summary->least_left = i;
        }
        summary->differs_in_speed |= differs(row->speed.verdict);
        summary->differs_in_memory |=
            row->peak_verdict == SIZE_SMALLER || row->peak_verdict == SIZE_LARGER;
    }
}

static void find_front(struct pair_work *work, struct compare_summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        struct compare_row *row = &summary->rows[i];
        row->is_on_front = row->present;
        row->is_tied_with_fastest = row->score.present && i != summary->fastest &&
                                    !is_faster(work, summary->fastest, i);
        for (size_t k = 0; row->is_on_front && k < summary->count; k++) {
            row->is_on_front = k == i || !summary->rows[k].present ||
                               !is_faster(work, k, i) || !is_smaller(work, k, i);
        }
        summary->front_count += row->is_on_front;
    }
}

static double spread_of(struct pair_work *work, const struct candidate *candidate)
{
    const size_t count = candidate->time_count;
    for (size_t i = 0; i < count; i++) {
        work->values[i] = candidate->times[i].score;
    }
    const double median = statistics_median(work->values, count);
    for (size_t i = 0; i < count; i++) {
        work->values[i] = fabs(candidate->times[i].score - median);
    }
    return 1.4826 * statistics_median(work->values, count) / median;
}

/* The middle one of the allocators', so that one odd allocator is not "the machine". */
static bool find_spread(struct pair_work *work, struct compare_summary *summary)
{
    double *spreads = calloc(summary->count, sizeof *spreads);
    size_t count = 0;
    if (spreads == NULL) {
        return false;
    }
    for (size_t i = 0; i < summary->count; i++) {
        if (summary->rows[i].present && work->study->candidates[i].time_count > 2) {
            spreads[count++] = spread_of(work, &work->study->candidates[i]);
        }
    }
    summary->spread = count > 0 ? statistics_median(spreads, count) : 0;
    summary->is_too_noisy =
        summary->undecided_count > 0 && count > 0 &&
        (summary->spread > noisy_spread || summary->hopeless_count > 0);
    free(spreads);
    return true;
}

static enum peak_method method_of(const struct study *study)
{
    enum peak_method method = PEAK_NONE;
    for (size_t i = 0; i < study->count; i++) {
        for (size_t k = 0; k < study->candidates[i].memory_count; k++) {
            const enum peak_method this = study->candidates[i].memories[k].method;
            method = this > method ? this : method; /* the weakest that was used */
        }
    }
    return method;
}

/* What verdicts need and no more. false: out of memory. */
static bool judge(struct pair_work *work, struct compare_summary *summary)
{
    const size_t count = summary->count;
    double *p = calloc(count, sizeof *p);
    size_t *rounds = calloc(count, sizeof *rounds);
    const bool done = p != NULL && rounds != NULL;
    if (done) {
        for (size_t i = 0; i < count; i++) {
            summary->rows[i].present = is_present(&work->study->candidates[i]);
        }
        judge_all_speeds(work, summary, p, rounds);
    }
    free(p);
    free(rounds);
    return done;
}

/* With one row to spare, so that "none" can be looked at. */
static struct compare_summary *create_empty(const struct study *study, double effect)
{
    struct compare_summary *summary = calloc(1, sizeof *summary);
    struct compare_row *rows = calloc(study->count + 1, sizeof *rows);
    if (summary == NULL || rows == NULL) {
        free(summary);
        free(rows);
        return NULL;
    }
    *summary =
        (struct compare_summary){.rows = rows, .count = study->count, .effect = effect};
    return summary;
}

struct compare_summary *compare_create(const struct study *study, double effect)
{
    struct pair_work work;
    struct compare_summary *summary = create_empty(study, effect);
    bool done = pair_work_create(&work, study, effect) && summary != NULL &&
                judge(&work, summary);
    for (size_t i = 0; done && i < study->count; i++) {
        if (summary->rows[i].present) {
            fill_row(&work, &summary->rows[i], i);
        }
    }
    if (done) {
        find_best(summary, study);
        done = find_spread(&work, summary);
        if (summary->fastest < summary->count) {
            find_front(&work, summary);
        }
        summary->method = method_of(study);
    }
    pair_work_destroy(&work);
    if (!done) {
        compare_destroy(summary);
        return NULL;
    }
    return summary;
}

void compare_destroy(struct compare_summary *summary)
{
    if (summary != NULL) {
        free(summary->rows);
        free(summary);
    }
}

bool compare_is_decided(const struct study *study, double effect)
{
    struct pair_work work;
    struct compare_summary *summary = create_empty(study, effect);
    const bool done = pair_work_create(&work, study, effect) && summary != NULL &&
                      judge(&work, summary);
    const bool decided = done && summary->is_certain;
    pair_work_destroy(&work);
    compare_destroy(summary);
    return decided;
}

const char *size_verdict_text(enum size_verdict verdict)
{
    switch (verdict) {
    case SIZE_SMALLER:
        return "smaller";
    case SIZE_LARGER:
        return "larger";
    case SIZE_SAME:
        return "no significant difference";
    case SIZE_NONE:
        break;
    }
    return "";
}
