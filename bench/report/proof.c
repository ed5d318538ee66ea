#include "report/proof.h"

#include <stdlib.h>

#include "analysis/timing.h"
#include "report/grid.h"
#include "report/units.h"

/* More false verdicts than come by chance so often refute the level. */
static const double chance = 0.01;

static void set_of(struct grid_row *row, size_t column, size_t part, size_t whole)
{
    grid_set(row, column, GRID_PLAIN, "%zu of %zu", part, whole);
}

static void set_headings(struct grid_row *row, const char *const *headings,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        grid_set(row, i, GRID_FAINT, "%s", headings[i]);
    }
}

static bool level_holds(const struct proof_outcome *outcome)
{
    return statistics_binomial_tail(outcome->verdict_repetitions,
                                    outcome->repetition_count, TIMING_LEVEL) >= chance;
}

bool proof_holds(const struct proof_report *report)
{
    bool holds = true;
    for (size_t i = 0; i < PROOF_EQUALS; i++) {
        holds = holds && level_holds(&report->equals[i].outcome);
    }
    return holds;
}

static bool print_equals(FILE *out, const struct proof_report *report)
{
    static const char *const headings[] = {
        "equals",           "false verdicts",    "in repetitions", "over all traces",
        "test alone p<=5%", "median difference", "widest interval"};
    struct grid grid = {.count = 0};
    fprintf(out,
            "Equals: false verdicts in at most %s of repetitions are stated, and of "
            "the test alone in %s of comparisons.\n",
            units_percent(TIMING_LEVEL).bytes, units_percent(TIMING_LEVEL).bytes);
    struct grid_row *row = grid_add_row(&grid);
    if (row != NULL) {
        set_headings(row, headings, sizeof headings / sizeof *headings);
    }
    for (size_t i = 0; row != NULL && i < PROOF_EQUALS; i++) {
        const struct proof_outcome *outcome = &report->equals[i].outcome;
        row = grid_add_row(&grid);
        if (row == NULL) {
            break;
        }
        grid_set(row, 0, GRID_PLAIN, "%s", report->equals[i].name);
        set_of(row, 1, outcome->faster_count + outcome->slower_count,
               outcome->comparison_count);
        set_of(row, 2, outcome->verdict_repetitions, outcome->repetition_count);
        set_of(row, 3, outcome->total_repetitions, outcome->repetition_count);
        set_of(row, 4, outcome->test_count, outcome->comparison_count);
        grid_set(row, 5, GRID_PLAIN, "%s",
                 units_percent(outcome->median_distance).bytes);
        grid_set(row, 6, GRID_PLAIN, "%s",
                 units_percent(outcome->widest_interval).bytes);
        grid_set(row, 8, level_holds(outcome) ? GRID_GOOD : GRID_BAD, "%s",
                 level_holds(outcome) ? "as stated" : "more than stated");
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return true;
}

static struct units_text percent_of(size_t part, size_t whole)
{
    return units_percent(whole > 0 ? (double)part / (double)whole : 0);
}

static void set_share(struct grid_row *row, size_t column, size_t hits, size_t trials)
{
    if (trials == 0) {
        grid_set(row, column, GRID_FAINT, "-");
        return;
    }
    const struct interval share = statistics_share(hits, trials);
    grid_set(row, column, GRID_PLAIN, "%zu of %zu (%s to %s)", hits, trials,
             units_percent(share.low).bytes, units_percent(share.high).bytes);
}

static bool print_slowed(FILE *out, const struct proof_report *report)
{
    static const char *const headings[] = {
        "slow-down",     "measured", "test alone finds", "stated",
        "verdict finds", "stated",   "over all traces"};
    struct grid grid = {.count = 0};
    fprintf(out,
            "\nA slow-down of known size, in a copy of the floor. A verdict needs %s "
            "at least, so that smaller ones are not to be found.\n",
            units_percent(report->effect).bytes);
    struct grid_row *row = grid_add_row(&grid);
    if (row != NULL) {
        set_headings(row, headings, sizeof headings / sizeof *headings);
    }
    for (size_t i = 0; row != NULL && i < PROOF_SLOWED; i++) {
        const struct proof_slowed *slowed = &report->slowed[i];
        const struct proof_outcome *outcome = &slowed->outcome;
        row = grid_add_row(&grid);
        if (row == NULL) {
            break;
        }
        grid_set(row, 0, GRID_PLAIN, "%s", units_percent(slowed->slow_down).bytes);
        if (outcome->comparison_count > 0) {
            grid_set(row, 1, GRID_PLAIN, "%s",
                     units_percent(1 / outcome->median_ratio - 1).bytes);
        }
        set_share(row, 2, outcome->test_count, outcome->comparison_count);
        grid_set(row, 3, GRID_PLAIN, "%s",
                 percent_of(slowed->stated.test_count, slowed->stated.comparison_count)
                     .bytes);
        set_share(row, 4, outcome->slower_count, outcome->comparison_count);
        grid_set(
            row, 5, GRID_PLAIN, "%s",
            percent_of(slowed->stated.slower_count, slowed->stated.comparison_count)
                .bytes);
        set_of(row, 6, outcome->total_repetitions, outcome->repetition_count);
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return true;
}

static void print_noise_floor(FILE *out, const struct proof_report *report)
{
    fprintf(out, "\nDifferences below %s on a single trace",
            units_percent(report->least_single).bytes);
    if (report->trace_count > 1) {
        fprintf(out, ", or below %s on each of %zu,",
                units_percent(report->least_of_all).bytes, report->trace_count);
    }
    fprintf(out, " cannot be told on this machine with %u rounds.\n", report->rounds);
}

bool proof_print(FILE *out, const struct proof_report *report)
{
    if (!print_equals(out, report) || !print_slowed(out, report)) {
        return false;
    }
    print_noise_floor(out, report);
    return true;
}
