#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"

static const double mib = 1 << 20;

struct telling {
    FILE *out;
    const struct study *study;
    const struct compare_summary *summary;
};

static const char *name_of(const struct telling *tell, size_t index)
{
    return tell->study->candidates[index].name;
}

static const char *reference_of(const struct telling *tell)
{
    return name_of(tell, tell->study->reference_index);
}

/* "0.81 s", "12.3 ms" or the plain number. */
static void put_score(const struct telling *tell, double value)
{
    if (tell->study->metric != NULL) {
        fprintf(tell->out, "%.4g", value);
    } else if (value < 0.1) {
        fprintf(tell->out, "%.2f ms", 1e3 * value);
    } else {
        fprintf(tell->out, "%.*f s", value < 10 ? 3 : 1, value);
    }
}

/* "a, b and c" of the rows that `is_chosen` says. */
static size_t put_names(const struct telling *tell,
                        bool (*is_chosen)(const struct telling *, size_t))
{
    size_t total = 0;
    size_t put = 0;
    for (size_t i = 0; i < tell->summary->count; i++) {
        total += is_chosen(tell, i);
    }
    for (size_t i = 0; i < tell->summary->count; i++) {
        if (is_chosen(tell, i)) {
            put++;
            fprintf(tell->out, "%s%s",
                    put == 1       ? ""
                    : put == total ? " and "
                                   : ", ",
                    name_of(tell, i));
        }
    }
    return total;
}

static bool is_undecided(const struct telling *tell, size_t index)
{
    return tell->summary->rows[index].is_undecided;
}

static bool is_tied(const struct telling *tell, size_t index)
{
    return tell->summary->rows[index].is_tied_with_fastest;
}

static bool is_on_front(const struct telling *tell, size_t index)
{
    return tell->summary->rows[index].is_on_front;
}

static bool is_broken(const struct telling *tell, size_t index)
{
    return tell->study->candidates[index].failed &&
           index != tell->study->reference_index;
}

/* ---- failures ---- */

static void tell_failures(const struct telling *tell)
{
    const struct study *study = tell->study;
    const struct candidate *reference = &study->candidates[study->reference_index];
    if (reference->failed) {
        fprintf(tell->out,
                "The program fails under %s, which is what it has now: %s.\n",
                reference->name, reference->failure);
    }
    const size_t others = tell->summary->failed_count - reference->failed;
    if (others > 0) {
        fputs("Failed: ", tell->out);
        put_names(tell, is_broken);
        fputs(others == 1 ? "; the table says why.\n"
                          : "; the table says why of each.\n",
              tell->out);
    }
}

/* ---- speed and size ---- */

/* "12 % less memory", "1.31 times the memory"; empty without a verdict. */
static void put_memory_change(const struct telling *tell, const struct compare_row *row)
{
    const double ratio = row->peak_ratio.value;
    switch (row->peak_verdict) {
    case SIZE_SMALLER:
        fprintf(tell->out, ", with %.0f %% less memory", 100 * (1 - ratio));
        break;
    case SIZE_LARGER:
        if (ratio < 2) {
            fprintf(tell->out, ", but with %.0f %% more memory", 100 * (ratio - 1));
        } else {
            fprintf(tell->out, ", but with %.1f times the memory", ratio);
        }
        break;
    case SIZE_SAME:
        fputs(", with as much memory", tell->out);
        break;
    case SIZE_NONE:
        break;
    }
}

static void put_speed_change(const struct telling *tell, const struct compare_row *row)
{
    const double ratio = row->speed.ratio.value;
    if (row->speed.verdict == VERDICT_SLOWER) {
        fprintf(tell->out, ", but %.0f %% slower", 100 * (1 / ratio - 1));
    } else if (row->speed.verdict == VERDICT_FASTER) {
        fprintf(tell->out, ", and %.0f %% faster", 100 * (ratio - 1));
    } else if (row->speed.verdict == VERDICT_SAME) {
        fputs(row->is_undecided ? "; its speed is undecided" : ", as fast", tell->out);
    }
}

static bool is_alone(const struct telling *tell)
{
    size_t present = 0;
    for (size_t i = 0; i < tell->summary->count; i++) {
        present += tell->summary->rows[i].present;
    }
    return present == 1;
}

static void tell_fastest(const struct telling *tell)
{
    const struct compare_summary *summary = tell->summary;
    const struct study *study = tell->study;
    if (summary->fastest == summary->count) {
        return;
    }
    const struct compare_row *row = &summary->rows[summary->fastest];
    const struct compare_row *reference = &summary->rows[study->reference_index];
    if (is_alone(tell)) {
        fprintf(tell->out, "Only %s has figures, so nothing is compared.\n",
                name_of(tell, summary->fastest));
        return;
    }
    if (row->speed.verdict == VERDICT_FASTER) {
        fprintf(
            tell->out,
            "Fastest: %s, %.0f %% faster than %s (95 %% interval %.0f to %.0f %%): ",
            name_of(tell, summary->fastest), 100 * (row->speed.ratio.value - 1),
            reference_of(tell), 100 * (row->speed.ratio.low - 1),
            100 * (row->speed.ratio.high - 1));
        put_score(tell, row->score.value);
        fputs(" instead of ", tell->out);
        put_score(tell, reference->score.value);
        put_memory_change(tell, row);
        fputs(".\n", tell->out);
    } else if (summary->fastest == study->reference_index &&
               summary->differs_in_speed) {
        fprintf(tell->out, "Fastest: %s, which is what you have: ", reference_of(tell));
        put_score(tell, row->score.value);
        fputs(".\n", tell->out);
    } else if (summary->undecided_count == 0 && study->round_count > 0 &&
               reference->present && !summary->differs_in_speed) {
        fprintf(
            tell->out,
            "No significant difference in speed between any of them: all are within "
            "%.0f %% of %s, ",
            100 * summary->effect, reference_of(tell));
        put_score(tell, reference->score.value);
        fputs(".\n", tell->out);
        return;
    } else if (reference->present) {
        fprintf(tell->out, "None is %sfaster than %s, ",
                summary->undecided_count > 0 ? "shown to be " : "", reference_of(tell));
        put_score(tell, reference->score.value);
        fputs(".\n", tell->out);
        return;
    } else {
        fprintf(tell->out, "Lowest median: %s.\n", name_of(tell, summary->fastest));
    }
    for (size_t i = 0; i < summary->count; i++) {
        if (is_tied(tell, i)) {
            fputs("  Not significantly behind it: ", tell->out);
            put_names(tell, is_tied);
            fputs(".\n", tell->out);
            break;
        }
    }
}

static void tell_smallest(const struct telling *tell)
{
    const struct compare_summary *summary = tell->summary;
    if (summary->smallest == summary->count || is_alone(tell)) {
        return;
    }
    const struct compare_row *row = &summary->rows[summary->smallest];
    const struct compare_row *reference = &summary->rows[tell->study->reference_index];
    if (!summary->differs_in_memory && reference->present) {
        fprintf(
            tell->out,
            "No significant difference in peak memory between any of them: %.1f MiB "
            "under %s.\n",
            reference->peak_bytes.value / mib, reference_of(tell));
    } else if (row->peak_verdict == SIZE_SMALLER) {
        fprintf(tell->out,
                "Smallest: %s, %.1f MiB at its peak, %.0f %% less than %s's %.1f",
                name_of(tell, summary->smallest), row->peak_bytes.value / mib,
                100 * (1 - row->peak_ratio.value), reference_of(tell),
                reference->peak_bytes.value / mib);
        put_speed_change(tell, row);
        fputs(".\n", tell->out);
    } else if (reference->present) {
        fprintf(tell->out,
                "None is smaller than %s, which is what you have: %.1f MiB at its "
                "peak.\n",
                reference_of(tell), reference->peak_bytes.value / mib);
    }
}

/* ---- servers ---- */

static void tell_server(const struct telling *tell)
{
    const struct compare_summary *summary = tell->summary;
    if (summary->least_left == summary->count) {
        return;
    }
    const struct compare_row *least = &summary->rows[summary->least_left];
    const struct compare_row *reference = &summary->rows[tell->study->reference_index];
    fprintf(tell->out, "Left a while after the load: %s keeps least, %.1f MiB",
            name_of(tell, summary->least_left), least->left_bytes.value / mib);
    if (reference->left_bytes.present && reference != least) {
        fprintf(tell->out, "; %s keeps %.1f", reference_of(tell),
                reference->left_bytes.value / mib);
    }
    fputs(".\n", tell->out);
    size_t growing = 0;
    for (size_t i = 0; i < summary->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        const struct estimate growth = row->growth_bytes_per_minute;
        /* Below a hundredth of what is there it is no creep that anybody would see. */
        if (growth.present && growth.low > 0 && row->peak_bytes.present &&
            growth.value > 0.01 * row->peak_bytes.value) {
            fprintf(tell->out, "%s%s %.1f",
                    growing++ == 0 ? "Still growing under load, MiB a minute: " : ", ",
                    name_of(tell, i), growth.value / mib);
        }
    }
    fputs(growing > 0 ? ".\n" : "", tell->out);
}

/* ---- how sure ---- */

static void tell_front(const struct telling *tell)
{
    const struct compare_summary *summary = tell->summary;
    if (summary->front_count > 0 && summary->front_count < summary->count &&
        (summary->differs_in_speed || summary->differs_in_memory)) {
        fputs("No other is both faster and smaller than: ", tell->out);
        put_names(tell, is_on_front);
        fputs(".\n", tell->out);
    }
}

static void tell_undecided(const struct telling *tell)
{
    const struct compare_summary *summary = tell->summary;
    const struct study *study = tell->study;
    if (summary->undecided_count == 0) {
        return;
    }
    fputs("Undecided in speed: ", tell->out);
    put_names(tell, is_undecided);
    if (study->round_count < SUMMARY_VERDICT_ROUNDS) {
        fprintf(tell->out, "; %u rounds say nothing yet, %d are the least",
                study->round_count, SUMMARY_VERDICT_ROUNDS);
    }
    if (summary->more_rounds > 0) {
        const size_t runs = study->round_count + summary->more_rounds;
        fprintf(tell->out, "; about %zu more runs of each would decide %s (--runs %zu)",
                summary->more_rounds, summary->hopeless_count > 0 ? "some of it" : "it",
                runs);
    } else {
        fputs("; no reasonable number of runs would decide it", tell->out);
    }
    fputs(".\n", tell->out);
}

static void tell_noise(const struct telling *tell)
{
    double load = 0;
    if (!tell->summary->is_too_noisy) {
        return;
    }
    fprintf(tell->out,
            "This machine is too noisy: runs of one kind spread by %.0f %%; ",
            100 * tell->summary->spread);
    if (getloadavg(&load, 1) == 1 && load > 1.5) {
        fprintf(tell->out, "its load is %.1f: stop what else runs, or use another.\n",
                load);
    } else {
        fputs("give the program a longer input, or use a machine of your own.\n",
              tell->out);
    }
}

void answer_print(FILE *out, const struct study *study,
                  const struct compare_summary *summary)
{
    const struct telling tell = {.out = out, .study = study, .summary = summary};
    tell_failures(&tell);
    tell_fastest(&tell);
    tell_smallest(&tell);
    tell_server(&tell);
    tell_front(&tell);
    tell_undecided(&tell);
    tell_noise(&tell);
    if (study->interrupted) {
        fputs("Interrupted: this is what had been measured.\n", out);
    }
}
