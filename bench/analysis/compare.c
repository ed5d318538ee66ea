#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/significance.h"
#include "analysis/timing.h"

enum {
    MOST_ROUNDS_WORTH_NAMING = 500,
    MEMORY_VERDICT_RUNS = 2,
};

static const double level = 0.05;
static const double noisy_spread = 0.10;

/* Buffers for one figure; rows are at most `room` long. */
struct work {
    const struct study *study;
    double effect;
    struct round_value *left, *right;
    double *values, *scratch;
    size_t room;
};

static bool work_create(struct work *work, const struct study *study, double effect)
{
    *work = (struct work){.study = study, .effect = effect, .room = 1};
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

static void work_destroy(struct work *work)
{
    free(work->left);
    free(work->right);
    free(work->values);
    free(work->scratch);
}

static bool is_present(const struct candidate *candidate)
{
    return !candidate->failed &&
           (candidate->time_count > 0 || candidate->memory_count > 0);
}

/* ---- pairs ---- */

static size_t scores_of(const struct candidate *candidate, struct round_value *out)
{
    for (size_t i = 0; i < candidate->time_count; i++) {
        out[i] = (struct round_value){.round = candidate->times[i].round,
                                      .value = candidate->times[i].score};
    }
    return candidate->time_count;
}

static size_t peaks_of(const struct candidate *candidate, struct round_value *out)
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

static struct estimate estimate_of(struct work *work, const double *values,
                                   size_t count, uint64_t seed)
{
    const struct series row = {.values = values, .count = count};
    return timing_estimate(&row, count > 0, work->scratch, seed);
}

/* How much better `subject` is than `other`, by round; *p without correction. */
static struct estimate speed_ratio(struct work *work, const struct candidate *subject,
                                   const struct candidate *other, size_t *rounds,
                                   double *p)
{
    const size_t left = scores_of(other, work->left);
    const size_t right = scores_of(subject, work->right);
    const bool larger = work->study->larger_is_better;
    *rounds = larger ? statistics_pair_ratios(work->right, right, work->left, left,
                                              work->values)
                     : statistics_pair_ratios(work->left, left, work->right, right,
                                              work->values);
    *p = significance_of_ratios(work->values, *rounds);
    return estimate_of(work, work->values, *rounds, 2);
}

static enum verdict judge_speed(struct estimate ratio, size_t rounds, double effect,
                                double p)
{
    const enum verdict verdict = timing_verdict(ratio, rounds, effect);
    const bool differs = verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
    return differs && p >= level ? VERDICT_SAME : verdict;
}

static double half_width(struct estimate ratio)
{
    return (ratio.high - ratio.low) / (2 * ratio.value);
}

static bool is_settled(enum verdict verdict, struct estimate ratio, double effect)
{
    return verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER ||
           (verdict == VERDICT_SAME &&
            (half_width(ratio) <= effect / 2 ||
             (ratio.low > 1 / (1 + effect) && ratio.high < 1 + effect)));
}

static struct estimate peak_ratio(struct work *work, const struct candidate *subject,
                                  const struct candidate *other, size_t *runs)
{
    const size_t left = peaks_of(subject, work->left);
    const size_t right = peaks_of(other, work->right);
    *runs = statistics_pair_ratios(work->left, left, work->right, right, work->values);
    return estimate_of(work, work->values, *runs, 3);
}

static enum size_verdict judge_size(struct estimate ratio, size_t runs, double effect)
{
    if (!ratio.present || runs < MEMORY_VERDICT_RUNS) {
        return SIZE_NONE;
    }
    if (ratio.high < 1 && ratio.value <= 1 / (1 + effect)) {
        return SIZE_SMALLER;
    }
    return ratio.low > 1 && ratio.value >= 1 + effect ? SIZE_LARGER : SIZE_SAME;
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

static void judge_all_speeds(struct work *work, struct compare_summary *summary,
                             double *p, double *adjusted, size_t *rounds)
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
            speed_ratio(work, &study->candidates[i], &study->candidates[reference],
                        &rounds[i], &alone);
        if (i != reference) {
            p[tested++] = alone;
        }
    }
    significance_holm(p, adjusted, tested);
    double most = 0;
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
        row->speed_p = (struct figure){adjusted[tested++], true};
        row->speed.verdict =
            judge_speed(row->speed.ratio, rounds[i], work->effect, row->speed_p.value);
        row->is_undecided =
            !is_settled(row->speed.verdict, row->speed.ratio, work->effect);
        if (row->is_undecided) {
            const double wanted =
                row->speed.verdict == VERDICT_TOO_FEW
                    ? SUMMARY_VERDICT_ROUNDS
                    : rounds_to_decide(row->speed.ratio, rounds[i], work->effect);
            most = fmax(most, wanted - (double)rounds[i]);
            summary->undecided_count++;
        }
    }
    summary->more_rounds =
        most > 0 && most <= MOST_ROUNDS_WORTH_NAMING ? (size_t)ceil(most) : 0;
}

/* ---- one row ---- */

/* A median with a bootstrap interval of values that may be negative: shifted to the
 * positive, where a ratio scale is none the worse for one row. */
static struct estimate signed_estimate(struct work *work, double *values, size_t count)
{
    double least = 0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, values[i]);
    }
    const double shift = 1 - least;
    for (size_t i = 0; i < count; i++) {
        values[i] += shift;
    }
    struct estimate estimate = estimate_of(work, values, count, 6);
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

static void fill_times(struct work *work, struct compare_row *row,
                       const struct candidate *candidate)
{
    double *values = work->values;
    size_t count = candidate->time_count;
    for (size_t i = 0; i < count; i++) {
        values[i] = candidate->times[i].score;
    }
    row->score = estimate_of(work, values, count, 1);
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

static void fill_memory(struct work *work, struct compare_row *row,
                        const struct candidate *candidate)
{
    double *values = work->values;
    const size_t count = candidate->memory_count;
    const size_t peaks = peaks_of(candidate, work->left);
    for (size_t i = 0; i < peaks; i++) {
        values[i] = work->left[i].value;
    }
    row->peak_bytes = estimate_of(work, values, peaks, 4);
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
    row->left_bytes = estimate_of(work, values, used, 5);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        if (candidate->memories[i].has_growth) {
            values[used++] = candidate->memories[i].growth_bytes_per_minute;
        }
    }
    row->growth_bytes_per_minute = signed_estimate(work, values, used);
}

static void fill_row(struct work *work, struct compare_row *row, size_t index)
{
    const struct study *study = work->study;
    const struct candidate *candidate = &study->candidates[index];
    const struct candidate *reference = &study->candidates[study->reference_index];
    fill_times(work, row, candidate);
    fill_memory(work, row, candidate);
    if (is_present(reference)) {
        size_t runs;
        row->peak_ratio = peak_ratio(work, candidate, reference, &runs);
        row->peak_verdict = index == study->reference_index
                                ? SIZE_NONE
                                : judge_size(row->peak_ratio, runs, work->effect);
    }
}

/* ---- the answer ---- */

static bool is_faster(struct work *work, size_t subject, size_t other)
{
    size_t rounds;
    double p;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        speed_ratio(work, &candidates[subject], &candidates[other], &rounds, &p);
    return judge_speed(ratio, rounds, work->effect, p) == VERDICT_FASTER;
}

static bool is_smaller(struct work *work, size_t subject, size_t other)
{
    size_t runs;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        peak_ratio(work, &candidates[subject], &candidates[other], &runs);
    return judge_size(ratio, runs, work->effect) == SIZE_SMALLER;
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
        summary->differs_in_speed |= row->speed.verdict == VERDICT_FASTER ||
                                     row->speed.verdict == VERDICT_SLOWER;
        summary->differs_in_memory |=
            row->peak_verdict == SIZE_SMALLER || row->peak_verdict == SIZE_LARGER;
    }
}

static void find_front(struct work *work, struct compare_summary *summary)
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

static double spread_of(struct work *work, const struct candidate *candidate)
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
static bool find_spread(struct work *work, struct compare_summary *summary)
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
        summary->undecided_count > 0 && summary->spread > noisy_spread;
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
static bool judge(struct work *work, struct compare_summary *summary)
{
    const size_t count = summary->count;
    double *p = calloc(2 * count, sizeof *p);
    size_t *rounds = calloc(count, sizeof *rounds);
    const bool done = p != NULL && rounds != NULL;
    if (done) {
        for (size_t i = 0; i < count; i++) {
            summary->rows[i].present = is_present(&work->study->candidates[i]);
        }
        judge_all_speeds(work, summary, p, p + count, rounds);
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
    struct work work;
    struct compare_summary *summary = create_empty(study, effect);
    bool done =
        work_create(&work, study, effect) && summary != NULL && judge(&work, summary);
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
    work_destroy(&work);
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
    struct work work;
    struct compare_summary *summary = create_empty(study, effect);
    const bool done =
        work_create(&work, study, effect) && summary != NULL && judge(&work, summary);
    const bool decided = done && summary->undecided_count == 0;
    work_destroy(&work);
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
