#include "analysis/answer.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/statistics.h"

enum {
    MOST_ROUNDS_WORTH_NAMING = 500,
    MOST_ROUNDS_OF_TRACES = 100,
};

static const double noisy_spread = 0.10;
static const double verdict_level = 0.05;

bool answer_create(struct answer *answer, size_t count)
{
    *answer = (struct answer){.rows = calloc(count + 1, sizeof *answer->rows),
                              .count = count,
                              .fastest = count,
                              .smallest = count,
                              .least_left = count};
    return answer->rows != NULL;
}

void answer_destroy(struct answer *answer)
{
    free(answer->rows);
    answer->rows = NULL;
}

/* ---- how sure ---- */

static double half_width(struct estimate ratio)
{
    return (ratio.high - ratio.low) / (2 * ratio.value);
}

bool answer_is_narrow(struct estimate ratio, double effect)
{
    return half_width(ratio) <= effect / 2 ||
           (ratio.low > 1 / (1 + effect) && ratio.high < 1 + effect);
}

bool answer_is_open_size(struct estimate ratio, double effect)
{
    return ratio.low < ratio.high &&
           (ratio.value <= 1 / (1 + effect) || ratio.value >= 1 + effect);
}

/* How many standard deviations of a normal distribution leave `p` beyond, on both sides
 * together. */
static double deviations_of(double p)
{
    double low = 0;
    double high = 40;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        *(erfc(middle / sqrt(2)) > p ? &low : &high) = middle;
    }
    return low;
}

/* What the deviation of the mean is short of, for a p of 5 % after a correction over
 * `tests`. */
static double shortage(double p, size_t tests)
{
    const double count = tests > 0 ? (double)tests : 1;
    return deviations_of(verdict_level / count) /
           fmax(deviations_of(fmin(p, 1) / count), 1e-3);
}

/* Rounds until the interval is narrow enough to be called the same; or, where the
 * difference counts, until it is shown, by its interval and by its p, if that is
 * sooner. All go with the root of the number of rounds. */
static double rounds_to_decide(struct estimate ratio, struct figure p, double rounds,
                               double effect, size_t tests)
{
    const double difference = fabs(log(ratio.value));
    double factor = half_width(ratio) / (effect / 2);
    if (difference >= effect) {
        double to_show = half_width(ratio) / (0.8 * difference);
        if (p.present && p.value >= verdict_level) {
            to_show = fmax(to_show, shortage(p.value, tests));
        }
        factor = fmin(factor, to_show);
    }
    return rounds * fmax(factor * factor, 1 + 1 / rounds);
}

/* At least one, to divide by. */
static double rounds_of(const struct answer *answer)
{
    return answer->round_count > 0 ? (double)answer->round_count : 1;
}

/* Whether that is a number of runs that somebody might make. */
static bool is_worth_naming(const struct answer *answer, double rounds)
{
    return rounds - answer->round_count <=
           (answer->trace_count > 0 ? MOST_ROUNDS_OF_TRACES : MOST_ROUNDS_WORTH_NAMING);
}

static void count_undecided(struct answer *answer)
{
    const double done = answer->round_count;
    double most = 0;
    size_t tests = 0;
    for (size_t i = 0; i < answer->count; i++) {
        tests += answer->rows[i].speed_p.present;
    }
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (!row->is_undecided) {
            continue;
        }
        const double wanted =
            row->speed.verdict == VERDICT_TOO_FEW
                ? SUMMARY_VERDICT_ROUNDS
                : rounds_to_decide(row->speed.ratio, row->speed_p, rounds_of(answer),
                                   answer->effect, tests);
        if (is_worth_naming(answer, wanted)) {
            most = fmax(most, wanted - done);
        } else {
            answer->hopeless_count++;
        }
        answer->undecided_count++;
    }
    answer->more_rounds = (size_t)ceil(most);
    answer->is_too_noisy =
        answer->undecided_count > 0 && answer->spread > 0 &&
        (answer->spread > noisy_spread || answer->hopeless_count > 0);
}

void answer_judge_leads(struct answer *answer)
{
    double most = 0;
    for (size_t i = 0; i < answer->count; i++) {
        struct answer_row *row = &answer->rows[i];
        const struct estimate ratio = row->lead.ratio;
        if (!row->is_tied_with_fastest || i == answer->reference_index ||
            row->lead.verdict != VERDICT_SAME ||
            answer_is_narrow(ratio, answer->effect)) {
            continue;
        }
        const double wanted = rounds_to_decide(ratio, row->lead.p_value,
                                               rounds_of(answer), answer->effect, 1);
        row->is_lead_undecided = true;
        answer->undecided_lead_count++;
        if (is_worth_naming(answer, wanted)) {
            most = fmax(most, wanted - answer->round_count);
        } else {
            answer->hopeless_lead_count++;
        }
    }
    answer->more_lead_rounds = (size_t)ceil(most);
}

double answer_spread(double *values, size_t count)
{
    const double median = statistics_median(values, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = fabs(values[i] - median);
    }
    return 1.4826 * statistics_median(values, count) / median;
}

/* ---- the best ---- */

/* Whether `value` takes the place of the best so far. */
static bool is_lower(struct estimate value, struct estimate best, bool has_best)
{
    return value.present && (!has_best || value.value < best.value);
}

/* Bytes where they can be told, else what they are of the reference's. */
static struct estimate size_of(const struct answer_row *row)
{
    return row->size_bytes.present ? row->size_bytes : row->size_ratio;
}

static struct estimate turned(struct estimate score, bool larger_is_better)
{
    score.value = larger_is_better ? -score.value : score.value;
    return score;
}

static bool is_shown_faster(const struct answer *answer, size_t i)
{
    return answer->rows[i].present && answer->rows[i].speed.verdict == VERDICT_FASTER;
}

/* Whether any row is shown to be better than row `i`. */
static bool is_beaten(const bool *is_better, size_t i, size_t count)
{
    bool beaten = false;
    for (size_t k = 0; k < count; k++) {
        beaten = beaten || is_better[k * count + i];
    }
    return beaten;
}

/* Whether row `i` is said to be better before row `best`: a verdict goes before a
 * better figure that has none, that against the reference first. */
static bool is_faster_row(const struct answer *answer, const bool *is_faster, size_t i,
                          size_t best)
{
    const struct answer_row *row = &answer->rows[i];
    const struct answer_row *other = &answer->rows[best];
    const size_t count = answer->count;
    const bool larger = answer->larger_is_better;
    if (best < count && row->score.present) {
        const bool is_shown = is_shown_faster(answer, i);
        if (is_shown != is_shown_faster(answer, best)) {
            return is_shown;
        }
        const bool is_worse = is_beaten(is_faster, i, count);
        if (is_shown && is_worse != is_beaten(is_faster, best, count)) {
            return !is_worse;
        }
    }
    return is_lower(turned(row->score, larger), turned(other->score, larger),
                    best < count);
}

static bool is_smaller_row(const struct answer *answer, size_t i, size_t best)
{
    const struct answer_row *row = &answer->rows[i];
    const struct answer_row *other = &answer->rows[best];
    const bool is_shown = row->size_verdict == SIZE_SMALLER;
    const bool is_other_shown = other->size_verdict == SIZE_SMALLER;
    if (best < answer->count && size_of(row).present && is_shown != is_other_shown) {
        return is_shown;
    }
    return is_lower(size_of(row), size_of(other), best < answer->count);
}

static void find_best(struct answer *answer, const bool *is_faster)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (!row->present) {
            answer->failed_count += row->failure != NULL;
            continue;
        }
        answer->present_count++;
        if (is_faster_row(answer, is_faster, i, answer->fastest)) {
            answer->fastest = i;
        }
        if (is_smaller_row(answer, i, answer->smallest)) {
            answer->smallest = i;
        }
        if (is_lower(row->left_bytes, answer->rows[answer->least_left].left_bytes,
                     answer->least_left < answer->count)) {
            answer->least_left = i;
        }
        answer->differs_in_speed |= row->speed.verdict == VERDICT_FASTER ||
                                    row->speed.verdict == VERDICT_SLOWER;
        answer->differs_in_memory |=
            row->size_verdict == SIZE_SMALLER || row->size_verdict == SIZE_LARGER;
    }
}

/* Where several are faster than the reference and none of them is shown to be slower
 * than another, the choice between these is one of memory. */
static void prefer_smaller(struct answer *answer, const bool *is_faster,
                           const bool *is_smaller)
{
    const size_t count = answer->count;
    size_t smallest = answer->fastest;
    if (smallest == count || !is_shown_faster(answer, smallest) ||
        is_beaten(is_faster, smallest, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_shown_faster(answer, i) && !is_beaten(is_faster, i, count) &&
            is_lower(size_of(&answer->rows[i]), size_of(&answer->rows[smallest]),
                     size_of(&answer->rows[smallest]).present)) {
            smallest = i;
        }
    }
    if (!is_smaller[smallest * count + answer->fastest]) {
        return;
    }
    size_t best = smallest;
    for (size_t i = 0; i < count; i++) {
        if (is_shown_faster(answer, i) && !is_beaten(is_faster, i, count) &&
            !is_smaller[smallest * count + i] &&
            is_faster_row(answer, is_faster, i, best)) {
            best = i;
        }
    }
    answer->fastest = best;
}

void answer_decide(struct answer *answer, const bool *is_faster, const bool *is_smaller)
{
    const size_t count = answer->count;
    count_undecided(answer);
    find_best(answer, is_faster);
    prefer_smaller(answer, is_faster, is_smaller);
    for (size_t i = 0; i < count && answer->fastest < count; i++) {
        struct answer_row *row = &answer->rows[i];
        row->is_on_front = row->present;
        row->is_tied_with_fastest = row->present && row->score.present &&
                                    i != answer->fastest &&
                                    !is_faster[answer->fastest * count + i];
        for (size_t k = 0; k < count; k++) {
            row->is_on_front &= !is_faster[k * count + i] || !is_smaller[k * count + i];
        }
        answer->front_count += row->is_on_front;
    }
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
