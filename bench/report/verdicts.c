#include "report/verdicts.h"

#include <stdint.h>
#include <string.h>

#include "report/units.h"

/* Utilization is measured once and repeats to about this much. */
static const double utilization_effect = 0.01;

/* What the sentences compare: our own allocator against every other. */
struct contest {
    FILE *out;
    const struct run *run;
    const struct summary *summary;
    size_t subject;
    size_t losses;
};

static const char *name_of(const struct contest *contest, size_t allocator)
{
    return contest->run->allocators[allocator].name;
}

static size_t find_subject(const struct run *run)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (strcmp(run->allocators[i].name, "snug") == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void begin_loss(struct contest *contest)
{
    if (contest->losses++ == 0) {
        fprintf(contest->out, "%s loses:\n", name_of(contest, contest->subject));
    }
    fputs("  ", contest->out);
}

/* Speed of the single traces on which the verdict is "slower". */
static void print_slower_traces(struct contest *contest)
{
    size_t listed = 0;
    for (size_t trace = 0; trace < contest->run->trace_count; trace++) {
        const struct comparison *warm =
            &summary_cell(contest->summary, trace, contest->subject)
                 ->warm.against_reference;
        if (warm->verdict != VERDICT_SLOWER) {
            continue;
        }
        if (listed++ == 0) {
            begin_loss(contest);
            fprintf(contest->out, "in speed to %s on ",
                    name_of(contest, contest->run->reference_index));
        } else {
            fputs(", ", contest->out);
        }
        fprintf(contest->out, "%s (%s)", contest->run->traces[trace].name,
                units_ratio(warm->ratio.value).bytes);
    }
    if (listed > 0) {
        fputc('\n', contest->out);
    }
}

static void print_less_compact_traces(struct contest *contest)
{
    size_t listed = 0;
    for (size_t trace = 0; trace < contest->run->trace_count; trace++) {
        const struct figure ours =
            summary_cell(contest->summary, trace, contest->subject)->memory.utilization;
        const struct figure theirs =
            summary_cell(contest->summary, trace, contest->run->reference_index)
                ->memory.utilization;
        if (!ours.present || !theirs.present ||
            ours.value > theirs.value - utilization_effect) {
            continue;
        }
        if (listed++ == 0) {
            begin_loss(contest);
            fprintf(contest->out, "in utilization to %s on ",
                    name_of(contest, contest->run->reference_index));
        } else {
            fputs(", ", contest->out);
        }
        fprintf(contest->out, "%s (%s against %s)", contest->run->traces[trace].name,
                units_share(ours.value).bytes, units_share(theirs.value).bytes);
    }
    if (listed > 0) {
        fputc('\n', contest->out);
    }
}

/* Whether a rival is faster and more compact at once on a trace. Intervals that overlap
 * decide nothing. */
static bool beats_on_both(const struct contest *contest, size_t trace, size_t rival)
{
    const struct cell *ours = summary_cell(contest->summary, trace, contest->subject);
    const struct cell *theirs = summary_cell(contest->summary, trace, rival);
    const struct estimate our_ns = ours->warm.ns_per_op;
    const struct estimate their_ns = theirs->warm.ns_per_op;
    const struct figure our_share = ours->memory.utilization;
    const struct figure their_share = theirs->memory.utilization;
    return our_ns.present && their_ns.present && our_share.present &&
           their_share.present && their_ns.high < our_ns.low &&
           our_share.value <= their_share.value - utilization_effect;
}

static void print_traces_lost_on_both(struct contest *contest, size_t rival)
{
    size_t listed = 0;
    for (size_t trace = 0; trace < contest->run->trace_count; trace++) {
        if (!beats_on_both(contest, trace, rival)) {
            continue;
        }
        if (listed++ == 0) {
            begin_loss(contest);
            fprintf(contest->out, "in speed and utilization at once to %s on ",
                    name_of(contest, rival));
        } else {
            fputs(", ", contest->out);
        }
        fputs(contest->run->traces[trace].name, contest->out);
    }
    if (listed > 0) {
        fputc('\n', contest->out);
    }
}

static void print_lost_totals(struct contest *contest, size_t rival)
{
    const struct total *ours = &contest->summary->totals[contest->subject];
    const struct total *theirs = &contest->summary->totals[rival];
    if (ours->warm_mops.present && theirs->warm_mops.present &&
        theirs->warm_mops.low > ours->warm_mops.high) {
        begin_loss(contest);
        fprintf(contest->out, "in speed over all traces to %s (%s against %s Mops)\n",
                name_of(contest, rival), units_number(ours->warm_mops.value).bytes,
                units_number(theirs->warm_mops.value).bytes);
    }
    if (ours->mean_utilization.present && theirs->mean_utilization.present &&
        ours->mean_utilization.value <
            theirs->mean_utilization.value - utilization_effect) {
        begin_loss(contest);
        fprintf(contest->out, "in mean utilization to %s (%s against %s)\n",
                name_of(contest, rival),
                units_share(ours->mean_utilization.value).bytes,
                units_share(theirs->mean_utilization.value).bytes);
    }
}

static void print_comparison(FILE *out, const struct run *run, size_t allocator,
                             const struct comparison *comparison, const char *kind)
{
    if (!comparison->ratio.present) {
        return;
    }
    fprintf(out, "%s against %s, %s: %s, 95 %% interval %s to %s: %s\n",
            run->allocators[allocator].name, run->allocators[run->reference_index].name,
            kind, units_ratio(comparison->ratio.value).bytes,
            units_ratio(comparison->ratio.low).bytes,
            units_ratio(comparison->ratio.high).bytes,
            verdict_text(comparison->verdict));
}

static void print_losses(struct contest *contest)
{
    print_slower_traces(contest);
    print_less_compact_traces(contest);
    for (size_t i = 0; i < contest->run->allocator_count; i++) {
        if (i != contest->subject && !contest->run->allocators[i].is_floor) {
            print_traces_lost_on_both(contest, i);
            print_lost_totals(contest, i);
        }
    }
    const struct total *total = &contest->summary->totals[contest->subject];
    if (contest->losses == 0 && total->warm.ratio.present) {
        fprintf(contest->out, "%s loses nowhere in this run\n",
                name_of(contest, contest->subject));
    }
}

bool verdicts_print(FILE *out, const struct run *run, const struct summary *summary)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        const struct total *total = &summary->totals[i];
        if (i != run->reference_index && !run->allocators[i].is_floor) {
            print_comparison(out, run, i, &total->warm, "warm");
        }
    }
    struct contest contest = {
        .out = out, .run = run, .summary = summary, .subject = find_subject(run)};
    if (contest.subject != SIZE_MAX && contest.subject != run->reference_index) {
        print_comparison(out, run, contest.subject,
                         &summary->totals[contest.subject].cold, "cold");
        print_losses(&contest);
    }
    if (run->rounds == 0) {
        return !ferror(out); /* nothing was timed */
    }
    fprintf(out,
            "A difference counts if its interval leaves out 1, it is at least %s "
            "warm, %s cold, and a t-test says so at 5 %%, on single traces after "
            "Holm's correction over all of them; %d rounds are needed (here %u).\n",
            units_percent(summary->options.warm_effect).bytes,
            units_percent(summary->options.cold_effect).bytes, SUMMARY_VERDICT_ROUNDS,
            run->rounds);
    return !ferror(out);
}
