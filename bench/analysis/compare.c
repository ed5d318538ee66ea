#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/compare_pairs.h"
#include "analysis/compare_speeds.h"

static bool is_present(const struct candidate *candidate)
{
    return !candidate->failed &&
           (candidate->time_count > 0 || candidate->memory_count > 0);
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
    row->peak_count = peaks;
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

static struct comparison compare_speed(struct pair_work *work, size_t subject,
                                       size_t other)
{
    size_t rounds;
    double p;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        pair_speed(work, &candidates[subject], &candidates[other], &rounds, &p);
    return (struct comparison){
        .ratio = ratio,
        .p_value = {p, ratio.present},
        .verdict = pair_judge_speed(ratio, rounds, work->effect, p),
    };
}

static bool is_smaller(struct pair_work *work, size_t subject, size_t other)
{
    size_t runs;
    const struct candidate *candidates = work->study->candidates;
    const struct estimate ratio =
        pair_size(work, &candidates[subject], &candidates[other], &runs);
    return pair_judge_size(ratio, runs, work->effect) == SIZE_SMALLER;
}

/* Who is better than whom, among those that have figures. */
static void compare_all(struct pair_work *work, const struct compare_summary *summary,
                        bool *faster, bool *smaller)
{
    const size_t count = summary->count;
    for (size_t i = 0; i < count * count; i++) {
        const size_t subject = i / count;
        const size_t other = i % count;
        if (subject != other && summary->rows[subject].present &&
            summary->rows[other].present) {
            faster[i] = compare_speed(work, subject, other).verdict == VERDICT_FASTER;
            smaller[i] = is_smaller(work, subject, other);
        }
    }
}

static void compare_leads(struct pair_work *work, struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->rows[i].is_tied_with_fastest) {
            answer->rows[i].lead = compare_speed(work, answer->fastest, i);
        }
    }
    answer_judge_leads(answer);
}

/* The middle one of the allocators', so that one odd allocator is not "the machine".
 * `spreads` has room for all. */
static double find_spread(struct pair_work *work, const struct compare_summary *summary,
                          double *spreads)
{
    size_t used = 0;
    for (size_t i = 0; i < summary->count; i++) {
        const struct candidate *candidate = &work->study->candidates[i];
        if (!summary->rows[i].present || candidate->time_count <= 2) {
            continue;
        }
        for (size_t k = 0; k < candidate->time_count; k++) {
            work->values[k] = candidate->times[k].score;
        }
        spreads[used++] = answer_spread(work->values, candidate->time_count);
    }
    return used > 0 ? statistics_median(spreads, used) : 0;
}

static void fill_answer(struct answer *answer, const struct compare_summary *summary,
                        const struct study *study)
{
    answer->reference_index = study->reference_index;
    answer->score = study->metric != NULL ? SCORE_NUMBER : SCORE_SECONDS;
    answer->score_name = study->metric_name[0] != '\0' ? study->metric_name : NULL;
    answer->larger_is_better = study->larger_is_better;
    answer->effect = summary->effect;
    answer->round_count = study->round_count;
    answer->interrupted = study->interrupted;
    answer->has_input = study->has_input;
    answer->leaves_processes = study->leaves_processes;
    for (size_t i = 0; i < summary->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        const struct candidate *candidate = &study->candidates[i];
        const char *note = candidate->note[0] != '\0' ? candidate->note : NULL;
        answer->rows[i] = (struct answer_row){
            .name = candidate->name,
            .failure = candidate->failed ? candidate->failure : NULL,
            .own = candidate->library == NULL ? note : NULL,
            .unreached = candidate->library != NULL ? note : NULL,
            .present = row->present,
            .score = row->score,
            .speed = row->speed,
            .speed_p = row->speed_p,
            .is_undecided = row->is_undecided,
            .size_bytes = row->peak_bytes,
            .size_ratio = row->peak_ratio,
            .size_verdict = row->peak_verdict,
            .left_bytes = row->left_bytes,
            .growth_bytes_per_minute = row->growth_bytes_per_minute,
        };
    }
}

/* false: out of memory. */
static bool make_answer(struct pair_work *work, struct compare_summary *summary)
{
    const size_t count = summary->count;
    bool *faster = calloc(count * count + 1, sizeof *faster);
    bool *smaller = calloc(count * count + 1, sizeof *smaller);
    double *spreads = calloc(count + 1, sizeof *spreads);
    const bool done = faster != NULL && smaller != NULL && spreads != NULL &&
                      answer_create(&summary->answer, count);
    if (done) {
        fill_answer(&summary->answer, summary, work->study);
        summary->answer.spread = find_spread(work, summary, spreads);
        compare_all(work, summary, faster, smaller);
        answer_decide(&summary->answer, faster, smaller);
        compare_leads(work, &summary->answer);
    }
    free(faster);
    free(smaller);
    free(spreads);
    return done;
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

/* All rows are there. */
static void judge_peaks(struct compare_summary *summary)
{
    summary->peak_count = SIZE_MAX;
    for (size_t i = 0; i < summary->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        if (row->peak_bytes.present && row->peak_count < summary->peak_count) {
            summary->peak_count = row->peak_count;
        }
    }
    summary->peak_effect = pair_size_effect(summary->peak_count, summary->effect);
}

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
    for (size_t i = 0; i < study->count; i++) {
        rows[i].present = is_present(&study->candidates[i]);
    }
    return summary;
}

struct compare_summary *compare_create(const struct study *study, double effect)
{
    struct pair_work work;
    struct compare_summary *summary = create_empty(study, effect);
    bool done = pair_work_create(&work, study, effect) && summary != NULL &&
                speeds_judge(&work, summary);
    for (size_t i = 0; done && i < study->count; i++) {
        if (summary->rows[i].present) {
            fill_row(&work, &summary->rows[i], i);
        }
    }
    if (done) {
        done = make_answer(&work, summary);
        summary->method = method_of(study);
        judge_peaks(summary);
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
        answer_destroy(&summary->answer);
        free(summary->rows);
        free(summary);
    }
}

bool compare_is_decided(const struct study *study, double effect)
{
    struct pair_work work;
    struct compare_summary *summary = create_empty(study, effect);
    const bool done = pair_work_create(&work, study, effect) && summary != NULL &&
                      speeds_judge(&work, summary);
    const bool decided =
        done && summary->is_certain && speeds_leader_is_certain(&work, summary);
    pair_work_destroy(&work);
    compare_destroy(summary);
    return decided;
}
