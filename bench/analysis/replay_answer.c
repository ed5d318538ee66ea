#include "analysis/replay_answer.h"

#include <stdlib.h>

#include "analysis/shared.h"
#include "analysis/statistics.h"
#include "analysis/timing.h"

/* What stands only while the answer is made. */
struct making {
    struct answer *answer;
    const struct run *run;
    const struct summary *summary;
    size_t *allocators;           /* of each row, its index in the run */
    struct timing_values *values; /* of each trace */
    struct series *rows;
    double *scratch; /* as long as the longest series, trace_count at least */
    bool *is_faster, *is_smaller;
    struct comparison *speeds; /* [a * count + b] of a over b, where a < b */
};

static const struct result *result_of(const struct making *making, size_t trace,
                                      size_t row)
{
    return &making->run->results[trace * making->run->allocator_count +
                                 making->allocators[row]];
}

static const struct total *total_of(const struct making *making, size_t row)
{
    return &making->summary->totals[making->allocators[row]];
}

static bool is_failure(enum result_status status)
{
    return status != RESULT_OK && status != RESULT_SKIPPED &&
           status != RESULT_INTERRUPTED;
}

/* ---- rows ---- */

static enum size_verdict judge_size(double ratio, double effect)
{
    if (ratio <= 1 / (1 + effect)) {
        return SIZE_SMALLER;
    }
    return ratio >= 1 + effect ? SIZE_LARGER : SIZE_SAME;
}

static struct estimate exact(struct figure figure)
{
    return (struct estimate){figure.value, figure.value, figure.value, figure.present};
}

static void count_in(struct answer_traces *traces, bool is_better, bool is_worse)
{
    traces->better += is_better;
    traces->worse += is_worse;
    traces->same += !is_better && !is_worse;
}

/* How it went on each trace. */
static void fill_traces(const struct making *making, size_t index)
{
    struct answer_row *row = &making->answer->rows[index];
    const size_t reference = making->run->reference_index;
    for (size_t trace = 0; trace < making->run->trace_count; trace++) {
        const struct result *result = result_of(making, trace, index);
        const struct cell *cell =
            summary_cell(making->summary, trace, making->allocators[index]);
        const struct figure peak = cell->memory.utilization;
        const struct figure reference_peak =
            summary_cell(making->summary, trace, reference)->memory.utilization;
        if (is_failure(result->status) && row->failure == NULL) {
            row->failure = result->status_text;
            row->failed_status = result->status;
            row->failed_trace = making->run->traces[trace].name;
        }
        row->failed_trace_count += is_failure(result->status);
        if (cell->warm.against_reference.ratio.present) {
            const enum verdict verdict = cell->warm.against_reference.verdict;
            count_in(&row->speed_traces, verdict == VERDICT_FASTER,
                     verdict == VERDICT_SLOWER);
        }
        if (peak.present && reference_peak.present) {
            const enum size_verdict verdict =
                judge_size(reference_peak.value / peak.value, making->answer->effect);
            count_in(&row->size_traces, verdict == SIZE_SMALLER,
                     verdict == SIZE_LARGER);
        }
    }
}

static void fill_row(const struct making *making, size_t index)
{
    const struct answer *answer = making->answer;
    struct answer_row *row = &answer->rows[index];
    const struct total *total = total_of(making, index);
    const enum verdict verdict = total->warm.verdict;
    row->name = making->run->allocators[making->allocators[index]].name;
    row->score = total->warm_mops;
    row->speed = total->warm;
    row->size_ratio = exact(total->peak_ratio);
    if (total->peak_ratio.present && index != answer->reference_index) {
        row->size_verdict = judge_size(total->peak_ratio.value, answer->effect);
    }
    if (answer->trace_count == 1) {
        row->size_bytes =
            exact(summary_cell(making->summary, 0, making->allocators[index])
                      ->memory.peak_resident_growth_bytes);
    }
    row->present = row->score.present || total->peak_ratio.present;
    row->is_undecided = verdict == VERDICT_TOO_FEW ||
                        (verdict == VERDICT_SAME &&
                         !answer_is_narrow(total->warm.ratio, answer->effect));
    fill_traces(making, index);
}

/* The correction that the verdicts of the totals have had. */
static void fill_p_values(const struct making *making)
{
    const struct answer *answer = making->answer;
    size_t tested = 0;
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->rows[i].speed.p_value.present) {
            making->scratch[tested++] = answer->rows[i].speed.p_value.value;
        }
    }
    for (size_t i = 0, at = 0; i < answer->count; i++) {
        if (answer->rows[i].speed.p_value.present) {
            answer->rows[i].speed_p =
                (struct figure){statistics_holm(making->scratch, tested, at++), true};
        }
    }
}

/* ---- one against another ---- */

/* false: out of memory. */
static bool compare_speed(const struct making *making, size_t a, size_t b)
{
    const size_t count = making->answer->count;
    size_t used = 0;
    bool done = true;
    for (size_t trace = 0; done && trace < making->run->trace_count; trace++) {
        const struct result *own = result_of(making, trace, a);
        const struct result *other = result_of(making, trace, b);
        if (!shared_is(making->run, making->summary, trace, NEED_WARM)) {
            continue;
        }
        done = timing_values_create(&making->values[used], own->warm, other->warm,
                                    making->run->traces[trace].header.op_count);
        if (done && making->values[used].ratio_count > 0) {
            making->rows[used] = (struct series){making->values[used].ratios,
                                                 making->values[used].ratio_count};
            used++;
        } else if (done) {
            timing_values_destroy(&making->values[used]);
        }
    }
    if (done && used > 0) {
        const struct comparison comparison =
            timing_compare(making->rows, used, making->answer->effect, making->scratch,
                           making->run->seed ^ (a * count + b));
        making->speeds[a * count + b] = comparison;
        making->is_faster[a * count + b] = comparison.verdict == VERDICT_FASTER;
        making->is_faster[b * count + a] = comparison.verdict == VERDICT_SLOWER;
    }
    for (size_t i = 0; i < used; i++) {
        timing_values_destroy(&making->values[i]);
    }
    return done;
}

static bool compare_all(const struct making *making)
{
    const struct answer *answer = making->answer;
    bool done = true;
    for (size_t a = 0; done && a < answer->count; a++) {
        for (size_t b = a + 1; done && b < answer->count; b++) {
            const struct answer_row *left = &answer->rows[a];
            const struct answer_row *right = &answer->rows[b];
            if (left->score.present && right->score.present) {
                done = compare_speed(making, a, b);
            }
            if (left->size_ratio.present && right->size_ratio.present) {
                const enum size_verdict verdict = judge_size(
                    left->size_ratio.value / right->size_ratio.value, answer->effect);
                making->is_smaller[a * answer->count + b] = verdict == SIZE_SMALLER;
                making->is_smaller[b * answer->count + a] = verdict == SIZE_LARGER;
            }
        }
    }
    return done;
}

/* How wide an interval is, and whether there is a verdict, is the same from both sides.
 */
static void fill_leads(const struct making *making)
{
    struct answer *answer = making->answer;
    const size_t best = answer->fastest;
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->rows[i].is_tied_with_fastest) {
            answer->rows[i].lead = making->speeds[i < best ? i * answer->count + best
                                                           : best * answer->count + i];
        }
    }
    answer_judge_leads(answer);
}

/* ---- noise ---- */

/* The middle of the traces' spreads under one allocator; 0: nothing to tell by. */
static double spread_of(const struct making *making, size_t row, double *spreads)
{
    size_t count = 0;
    for (size_t trace = 0; trace < making->run->trace_count; trace++) {
        const struct timing_samples samples = result_of(making, trace, row)->warm;
        for (size_t i = 0; i < samples.count; i++) {
            making->scratch[i] = (double)samples.items[i].best_pass_ns;
        }
        if (samples.count > 2) {
            spreads[count++] = answer_spread(making->scratch, samples.count);
        }
    }
    return count > 0 ? statistics_median(spreads, count) : 0;
}

/* false: out of memory. */
static bool fill_spread(const struct making *making)
{
    struct answer *answer = making->answer;
    double *spreads = calloc(making->run->trace_count + 1, sizeof *spreads);
    double *each = calloc(answer->count + 1, sizeof *each);
    const bool done = spreads != NULL && each != NULL;
    size_t used = 0;
    for (size_t i = 0; done && i < answer->count; i++) {
        each[used] = spread_of(making, i, spreads);
        used += each[used] > 0;
    }
    answer->spread = used > 0 ? statistics_median(each, used) : 0;
    free(spreads);
    free(each);
    return done;
}

/* ---- the whole ---- */

static size_t longest_series(const struct run *run)
{
    size_t longest = run->trace_count + run->allocator_count;
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        const size_t count = run->results[i].warm.count;
        longest = count > longest ? count : longest;
    }
    return longest;
}

static void fill_answer(const struct making *making)
{
    struct answer *answer = making->answer;
    const struct run *run = making->run;
    answer->score = SCORE_MOPS;
    answer->larger_is_better = true;
    answer->trace_count = run->trace_count;
    answer->shared_count = making->summary->warm_trace_count;
    answer->effect = making->summary->options.warm_effect;
    answer->round_count = run->rounds;
    answer->interrupted = run->interrupted;
    for (size_t trace = 0; trace < run->trace_count; trace++) {
        answer->skipped_count += run->traces[trace].skipped[0] != '\0';
    }
    for (size_t i = 0; i < answer->count; i++) {
        if (making->allocators[i] == run->reference_index) {
            answer->reference_index = i;
        }
    }
    for (size_t i = 0; i < answer->count; i++) {
        fill_row(making, i);
    }
    fill_p_values(making);
}

static bool make(struct making *making)
{
    fill_answer(making);
    if (!fill_spread(making) || !compare_all(making)) {
        return false;
    }
    answer_decide(making->answer, making->is_faster, making->is_smaller);
    fill_leads(making);
    return true;
}

bool replay_answer_create(struct answer *answer, const struct run *run,
                          const struct summary *summary)
{
    const size_t most = run->allocator_count;
    struct making making = {
        .answer = answer,
        .run = run,
        .summary = summary,
        .allocators = calloc(most + 1, sizeof *making.allocators),
        .values = calloc(run->trace_count + 1, sizeof *making.values),
        .rows = calloc(run->trace_count + 1, sizeof *making.rows),
        .scratch = calloc(longest_series(run) + 1, sizeof *making.scratch),
        .is_faster = calloc(most * most + 1, sizeof *making.is_faster),
        .is_smaller = calloc(most * most + 1, sizeof *making.is_smaller),
        .speeds = calloc(most * most + 1, sizeof *making.speeds),
    };
    size_t count = 0;
    for (size_t i = 0; making.allocators != NULL && i < most; i++) {
        if (!run->allocators[i].is_floor) {
            making.allocators[count++] = i;
        }
    }
    const bool done = answer_create(answer, count) && making.allocators != NULL &&
                      making.values != NULL && making.rows != NULL &&
                      making.scratch != NULL && making.is_faster != NULL &&
                      making.is_smaller != NULL && making.speeds != NULL &&
                      make(&making);
    free(making.allocators);
    free(making.values);
    free(making.rows);
    free(making.scratch);
    free(making.is_faster);
    free(making.is_smaller);
    free(making.speeds);
    return done;
}
