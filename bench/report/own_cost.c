/* The part of the allocator itself, in two lines. */
#include "report/own_cost.h"

#include <math.h>

#include "report/units.h"

static const double most_open_share = 0.5;
/* "All" and "elsewhere" leave at most as much open. */
static const double certain_share = 0.25;

/* "102 of glibc's 509 ms (20 %)". */
static void put_part(const struct telling *tell, const struct answer_row *row)
{
    const double scale = row->whole_s.value < 1 ? 1e3 : 1;
    fprintf(tell->out, "%s of %s's %s %s%s (%.0f %%",
            units_number(scale * row->own_s.value).bytes, row->name,
            units_number(scale * row->whole_s.value).bytes, scale > 1 ? "ms" : "s",
            tell->answer->recording.is_of_processor_time ? " of processor time" : "",
            100 * row->own_s.value / row->whole_s.value);
    if (tell->answer->recording.waits && row == telling_reference(tell)) {
        fputs("; it takes ", tell->out);
        telling_put_score(tell, row->score.value, true);
        fputs(" in all", tell->out);
    }
    fputc(')', tell->out);
}

/* One process is recorded: of the others nothing is known. */
static bool has_others(const struct telling *tell)
{
    return tell->answer->recording.process_count > 1;
}

/* `a` less `b`, which vary for themselves. */
static struct estimate difference(struct estimate a, struct estimate b)
{
    const double value = a.value - b.value;
    return (struct estimate){value, value - hypot(a.value - a.low, b.high - b.value),
                             value + hypot(a.high - a.value, b.value - b.low), true};
}

/* What the fastest takes less. Wall times are compared round by round. */
static struct estimate gain_of(const struct telling *tell,
                               const struct answer_row *fastest,
                               const struct answer_row *reference)
{
    const struct estimate ratio = fastest->speed.ratio;
    const double whole = reference->whole_s.value;
    struct estimate gain = difference(reference->whole_s, fastest->whole_s);
    if (!tell->answer->recording.is_of_processor_time) {
        gain.low = whole * (1 - 1 / ratio.low);
        gain.high = whole * (1 - 1 / ratio.high);
    }
    return gain;
}

static double limited_share(double own, double gain)
{
    return gain > 0 && own < gain ? fmax(own / gain, 0) : own > 0;
}

/* Of a single pass nothing is known of its spread. */
static bool is_spread(struct estimate estimate)
{
    return estimate.low < estimate.high;
}

/* How much of what the fastest gains is the allocator's own, no more exactly than the
 * intervals of both let it be known. */
static void put_share(const struct telling *tell, const struct answer_row *fastest,
                      const struct answer_row *reference)
{
    const struct estimate gain = gain_of(tell, fastest, reference);
    const struct estimate own = difference(reference->own_s, fastest->own_s);
    const double share = limited_share(own.value, gain.value);
    const double least = limited_share(own.low, gain.high);
    const double most = limited_share(own.high, gain.low);
    const bool is_known = is_spread(reference->own_s) && is_spread(fastest->own_s);
    const char *where = has_others(tell)
                            ? "in the other processes or in how the program's data lie"
                            : "in how the program's data lie";
    if (most - least > most_open_share) {
        fputs("runs differ too much to tell what part of the gain is there", tell->out);
    } else if (share >= 0.95) {
        fprintf(tell->out, "%s it gains is there",
                is_known && least >= 1 - certain_share ? "all that" : "most of what");
    } else if (share < 0.05) {
        fprintf(tell->out, "%swhat it gains is elsewhere, %s",
                is_known && most <= certain_share ? "" : "most of ", where);
    } else {
        fprintf(tell->out, "%.0f %% of what it gains is there, the rest %s",
                100 * share, where);
    }
}

/* More was allocated than was ever resident. */
static bool is_partly_touched(const struct answer_row *reference, double live_bytes)
{
    return reference->size_bytes.present && reference->overhead_bytes.present &&
           live_bytes + reference->overhead_bytes.value > reference->size_bytes.value;
}

static void tell_time(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    const struct answer_row *reference = telling_reference(tell);
    if (!reference->own_s.present || reference->whole_s.value <= 0) {
        return;
    }
    fputs("Replayed, malloc, free and first touches ", tell->out);
    if (has_others(tell)) {
        const char *image = answer->recording.image;
        const bool is_known = image != NULL && image[0] != '\0';
        fprintf(tell->out,
                "of the first of its %zu processes%s%s%s, which alone is recorded, ",
                answer->recording.process_count, is_known ? " (" : "",
                is_known ? image : "", is_known ? ")" : "");
    }
    /* The first touch of what the program never writes costs it nothing. */
    fputs(is_partly_touched(reference, answer->recording.live_bytes) ? "take at most "
                                                                     : "take ",
          tell->out);
    put_part(tell, reference);
    if (reference->own_s.value > reference->whole_s.value) {
        fprintf(tell->out, ": more than the whole, %s.\n",
                is_partly_touched(reference, answer->recording.live_bytes)
                    ? "since a replay writes all that is allocated"
                    : "so one of the two was disturbed");
        return;
    }
    const struct answer_row *fastest = &answer->rows[answer->fastest];
    const bool has_won =
        answer->fastest < answer->count && fastest->speed.verdict == VERDICT_FASTER;
    const bool is_known = has_won && fastest->own_s.present &&
                          fastest->own_s.value <= fastest->whole_s.value;
    if (is_known) {
        fputs(", ", tell->out);
        put_part(tell, fastest);
        fputs(": ", tell->out);
        put_share(tell, fastest, reference);
    } else if (!has_won && has_others(tell)) {
        fputs("; what they take in the others is not known", tell->out);
    } else if (!has_won) {
        fputs(": no allocator can save more than that by itself", tell->out);
    }
    fputs(".\n", tell->out);
}

static void tell_memory(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    const struct answer_row *reference = telling_reference(tell);
    const double live = answer->recording.live_bytes;
    const double peak = reference->size_bytes.value;
    if (!reference->size_bytes.present || !reference->overhead_bytes.present) {
        return;
    }
    const double overhead = reference->overhead_bytes.value;
    fprintf(tell->out, "Of %s MiB under %s ", units_mib(peak).bytes, reference->name);
    if (is_partly_touched(reference, live)) {
        fprintf(tell->out,
                "not all is touched that is allocated: %s MiB of blocks, %s of %s's "
                "own",
                units_mib(live).bytes, units_mib(overhead).bytes, reference->name);
    } else {
        fprintf(tell->out, "%s are blocks%s, %s %s's own and %s %s",
                units_mib(live).bytes, has_others(tell) ? " of the first process" : "",
                units_mib(overhead).bytes, reference->name,
                units_mib(peak - live - overhead).bytes,
                has_others(tell) ? "all else, the other processes among it"
                                 : "the program's other memory");
    }
    const struct answer_row *smallest = &answer->rows[answer->smallest];
    if (answer->smallest < answer->count && smallest != reference &&
        smallest->overhead_bytes.present) {
        fprintf(tell->out, "; %s's own is %s", smallest->name,
                units_mib(smallest->overhead_bytes.value).bytes);
    }
    fputs(".\n", tell->out);
}

void own_cost_tell(const struct telling *tell)
{
    if (tell->answer->recording.failure != NULL) {
        fprintf(tell->out, "Not replayed: %s.\n", tell->answer->recording.failure);
    } else if (tell->answer->recording.is_replayed) {
        tell_time(tell);
        tell_memory(tell);
    }
}
