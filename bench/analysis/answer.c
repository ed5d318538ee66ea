#include "analysis/answer.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/statistics.h"

enum {
    MOST_ROUNDS_WORTH_NAMING = 500,
    MOST_ROUNDS_OF_TRACES = 100,
};

static const double noisy_spread = 0.10;

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

/* Rounds that would narrow the interval to what is asked of it: its width goes with the
 * root of their number. */
static double rounds_to_decide(struct estimate ratio, double rounds, double effect)
{
    const double difference = fabs(log(ratio.value));
    const double target = difference >= effect ? 0.8 * difference : effect / 2;
    const double factor = half_width(ratio) / target;
    return rounds * fmax(factor * factor, 1 + 1 / rounds);
}

static void count_undecided(struct answer *answer)
{
    const double done = answer->round_count;
    const double rounds = done > 0 ? done : 1;
    const double worth =
        answer->trace_count > 0 ? MOST_ROUNDS_OF_TRACES : MOST_ROUNDS_WORTH_NAMING;
    double most = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (!row->is_undecided) {
            continue;
        }
        const double wanted =
            row->speed.verdict == VERDICT_TOO_FEW
                ? SUMMARY_VERDICT_ROUNDS
                : rounds_to_decide(row->speed.ratio, rounds, answer->effect);
        if (wanted - done <= worth) {
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

static void find_best(struct answer *answer)
{
    const bool larger = answer->larger_is_better;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (!row->present) {
            answer->failed_count += row->failure != NULL;
            continue;
        }
        answer->present_count++;
        if (is_lower(turned(row->score, larger),
                     turned(answer->rows[answer->fastest].score, larger),
                     answer->fastest < answer->count)) {
            answer->fastest = i;
        }
        if (is_lower(size_of(row), size_of(&answer->rows[answer->smallest]),
                     answer->smallest < answer->count)) {
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

void answer_decide(struct answer *answer, const bool *is_faster, const bool *is_smaller)
{
    const size_t count = answer->count;
    count_undecided(answer);
    find_best(answer);
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
