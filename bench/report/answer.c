#include "report/answer.h"

#include <math.h>
#include <stdlib.h>

#include "report/failures.h"
#include "report/own_cost.h"
#include "report/server.h"
#include "report/telling.h"
#include "report/units.h"

static bool is_undecided(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].is_undecided;
}

static bool is_tied(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].is_tied_with_fastest;
}

static bool is_lead_undecided(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].is_lead_undecided;
}

static bool is_on_front(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].is_on_front;
}

/* ---- speed and size ---- */

static bool is_alone(const struct telling *tell)
{
    return tell->answer->present_count == 1;
}

/* How many decimals of a percentage tell `ratio` from 1. */
static int decimals_of(double ratio)
{
    const double percent = fabs(100 * (ratio - 1));
    return percent >= 0.5 ? 0 : percent >= 0.05 ? 1 : 2;
}

static void put_gain(const struct telling *tell, const struct answer_row *row)
{
    const struct estimate ratio = row->speed.ratio;
    if (ratio.value < telling_many_times) {
        fprintf(
            tell->out,
            "Fastest: %s, %.0f %% faster than %s (95 %% interval %.*f to %.0f %%): ",
            row->name, 100 * (ratio.value - 1), telling_reference_name(tell),
            decimals_of(ratio.low), 100 * (ratio.low - 1), 100 * (ratio.high - 1));
    } else {
        fprintf(tell->out,
                "Fastest: %s, %.2f times as fast as %s (95 %% interval %.2f to %.2f): ",
                row->name, ratio.value, telling_reference_name(tell), ratio.low,
                ratio.high);
    }
    telling_put_score(tell, row->score.value, true);
    fputs(" instead of ", tell->out);
    telling_put_score(tell, telling_reference(tell)->score.value, false);
    telling_put_memory_change(tell, row);
    fputs(".\n", tell->out);
}

/* One that is ahead of the reference, run by run, though that is not shown. */
static bool has_rival(const struct answer *answer)
{
    bool has = false;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        has =
            has || (row->is_undecided && row->speed.ratio.value >= 1 + answer->effect);
    }
    return has;
}

/* false: nobody has won. */
static bool tell_winner(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    const struct answer_row *row = &answer->rows[answer->fastest];
    const struct answer_row *reference = telling_reference(tell);
    if (row->speed.verdict == VERDICT_FASTER) {
        put_gain(tell, row);
        return true;
    }
    if (row == reference && answer->differs_in_speed && !has_rival(answer)) {
        fprintf(tell->out, "Fastest: %s, which is what you have: ", row->name);
        telling_put_score(tell, row->score.value, true);
        fputs(".\n", tell->out);
        return true;
    }
    if (!reference->present) {
        fprintf(tell->out, "Lowest median: %s.\n", row->name);
        return true;
    }
    if (answer->undecided_count == 0 && answer->round_count > 0 &&
        !answer->differs_in_speed) {
        fprintf(
            tell->out,
            "No significant difference in speed between any of them%s: all are within "
            "%.0f %% of %s, ",
            telling_reach(tell), 100 * answer->effect, reference->name);
    } else {
        fprintf(tell->out, "None is %sfaster than %s, ",
                answer->undecided_count > 0 ? "shown to be " : "", reference->name);
    }
    telling_put_score(tell, reference->score.value, true);
    fputs(".\n", tell->out);
    return false;
}

/* Over many traces a mean hides much. */
static void tell_traces(const struct telling *tell, const struct answer_row *row)
{
    const struct answer_traces traces = row->speed_traces;
    if (telling_has_several_traces(tell) && row != telling_reference(tell)) {
        fprintf(
            tell->out,
            "  Trace by trace %s is faster on %zu, slower on %zu, neither on %zu.\n",
            row->name, traces.better, traces.worse, traces.same);
    }
}

/* How many runs would decide what is undecided. */
static void put_more_rounds(const struct telling *tell, size_t more, bool is_for_all)
{
    if (more > 0) {
        fprintf(tell->out,
                "; about %zu more run%s of each would decide %s (--runs %zu).\n", more,
                more == 1 ? "" : "s", is_for_all ? "it" : "some of it",
                tell->answer->round_count + more);
    } else {
        fputs("; no reasonable number of runs would decide it.\n", tell->out);
    }
}

static void tell_undecided_leads(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->undecided_lead_count > 0) {
        fputs("  Undecided against it: ", tell->out);
        telling_put_names(tell, is_lead_undecided);
        put_more_rounds(tell, answer->more_lead_rounds,
                        answer->hopeless_lead_count == 0);
    }
}

/* The choice among equals may be one of memory: then another's figure is the better. */
static void tell_ties(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    const double best = answer->rows[answer->fastest].score.value;
    size_t count = 0;
    size_t better_count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const double score = answer->rows[i].score.value;
        count += is_tied(tell, i);
        better_count += is_tied(tell, i) &&
                        (answer->larger_is_better ? score > best : score < best);
    }
    if (count > 0) {
        fputs(better_count > 0 ? "  Not significantly different from it: "
                               : "  Not significantly behind it: ",
              tell->out);
        telling_put_names(tell, is_tied);
        fputs(".\n", tell->out);
        tell_undecided_leads(tell);
    }
}

static void tell_fastest(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->fastest == answer->count) {
        return;
    }
    if (is_alone(tell)) {
        fprintf(tell->out, "Only %s has figures, so nothing is compared.\n",
                telling_name(tell, answer->fastest));
        return;
    }
    if (!tell_winner(tell)) {
        return;
    }
    tell_traces(tell, &answer->rows[answer->fastest]);
    tell_ties(tell);
}

/* "Smallest: snug, " and how much less than the reference. */
static void put_saving(const struct telling *tell, const struct answer_row *row)
{
    const struct answer_row *reference = telling_reference(tell);
    const double share = 100 * (1 - row->size_ratio.value);
    if (row->size_bytes.present) {
        fprintf(tell->out,
                "Smallest: %s, %s MiB at its peak, %.0f %% less than %s's %s",
                row->name, units_mib(row->size_bytes.value).bytes, share,
                reference->name, units_mib(reference->size_bytes.value).bytes);
    } else {
        fprintf(tell->out,
                "Smallest: %s, %.0f %% less memory at the peak than %s, less on %zu of "
                "%zu traces and more on %zu",
                row->name, share, reference->name, row->size_traces.better,
                tell->answer->trace_count, row->size_traces.worse);
    }
    telling_put_speed_change(tell, row);
    fputs(".\n", tell->out);
}

/* One that may be smaller than the reference by what counts. */
static bool may_be_smaller(const struct answer *answer)
{
    bool may_be = false;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        may_be =
            may_be || (row->size_verdict == SIZE_SAME && row->size_ratio.value < 1 &&
                       answer_is_open_size(row->size_ratio, answer->effect));
    }
    return may_be;
}

static void tell_smallest(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    const struct answer_row *reference = telling_reference(tell);
    if (answer->smallest == answer->count || is_alone(tell)) {
        return;
    }
    const struct answer_row *row = &answer->rows[answer->smallest];
    if (row->size_verdict == SIZE_SMALLER) {
        put_saving(tell, row);
        return;
    }
    if (!reference->present ||
        !(reference->size_bytes.present || reference->size_ratio.present)) {
        return;
    }
    if (!answer->differs_in_memory) {
        fprintf(tell->out,
                "No significant difference in peak memory between any of them%s",
                telling_reach(tell));
    } else {
        fprintf(tell->out, "None is %ssmaller than %s, which is what you have",
                may_be_smaller(answer) ? "shown to be " : "", reference->name);
    }
    if (reference->size_bytes.present) {
        fprintf(tell->out,
                answer->differs_in_memory ? ": %s MiB at its peak"
                                          : ": %s MiB under %s",
                units_mib(reference->size_bytes.value).bytes, reference->name);
    }
    fputs(".\n", tell->out);
}

/* ---- how sure ---- */

static void tell_front(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->front_count > 0 && answer->front_count < answer->present_count &&
        (answer->differs_in_speed || answer->differs_in_memory)) {
        fprintf(tell->out, "Not beaten in both speed and memory: %s",
                answer->front_count == 1 ? "only " : "");
        telling_put_names(tell, is_on_front);
        fputs(".\n", tell->out);
    }
}

static void tell_undecided(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->undecided_count == 0) {
        return;
    }
    fputs("Undecided in speed: ", tell->out);
    telling_put_names(tell, is_undecided);
    if (answer->round_count < SUMMARY_VERDICT_ROUNDS) {
        fprintf(tell->out, "; %u round%s nothing yet, %d are the least",
                answer->round_count, answer->round_count == 1 ? " says" : "s say",
                SUMMARY_VERDICT_ROUNDS);
    }
    put_more_rounds(tell, answer->more_rounds, answer->hopeless_count == 0);
}

static void tell_noise(const struct telling *tell)
{
    double load = 0;
    if (tell->answer->leaves_processes) {
        fputs("It leaves processes running when it ends: their time is in no figure, "
              "and those of timed runs go on beside later ones; run it in the "
              "foreground, or end them by --conclude.\n",
              tell->out);
        return;
    }
    if (!tell->answer->is_too_noisy) {
        return;
    }
    fprintf(tell->out,
            "This machine is too noisy: runs of one kind spread by %.0f %%; ",
            100 * tell->answer->spread);
    if (getloadavg(&load, 1) == 1 && load > 1.5) {
        fprintf(tell->out, "its load is %.1f: stop what else runs, or use another.\n",
                load);
    } else {
        fprintf(tell->out, "%s, or use a machine of your own.\n",
                tell->answer->trace_count > 0 ? "give it time (--runs)"
                                              : "give the program a longer input");
    }
}

/* What figures of traces are not. */
static void tell_limits(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->trace_count == 0 || answer->fastest == answer->count ||
        is_alone(tell)) {
        return;
    }
    fputs("This is the cost of malloc and free alone", tell->out);
    if (answer->shared_count < answer->trace_count) {
        fprintf(tell->out, ", over the %zu of %zu traces that all completed",
                answer->shared_count, answer->trace_count);
    }
    fputs("; 'snugbench compare -- PROGRAM' tells what a program gains.\n", tell->out);
}

void answer_print(FILE *out, const struct answer *answer)
{
    const struct telling tell = {.out = out, .answer = answer};
    failures_tell(&tell);
    tell_fastest(&tell);
    tell_smallest(&tell);
    server_tell(&tell);
    tell_front(&tell);
    tell_undecided(&tell);
    tell_noise(&tell);
    own_cost_tell(&tell);
    tell_limits(&tell);
    if (answer->interrupted) {
        fputs("Interrupted: this is what had been measured.\n", out);
    }
}
