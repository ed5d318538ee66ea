#include "report/proof.h"

#include <stdlib.h>

#include "analysis/timing.h"
#include "report/grid.h"

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
    fprintf(
        out,
        "Equals: false verdicts in at most %.0f %% of repetitions are stated, and of "
        "the test alone in %.0f %% of comparisons.\n",
        100 * TIMING_LEVEL, 100 * TIMING_LEVEL);
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
        grid_set(row, 5, GRID_PLAIN, "%.1f %%", 100 * outcome->median_distance);
        grid_set(row, 6, GRID_PLAIN, "%.1f %%", 100 * outcome->widest_interval);
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

static double percent(size_t part, size_t whole)
{
    return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

static void set_share(struct grid_row *row, size_t column, size_t hits, size_t trials)
{
    if (trials == 0) {
        grid_set(row, column, GRID_FAINT, "-");
        return;
    }
    const struct interval share = statistics_share(hits, trials);
    grid_set(row, column, GRID_PLAIN, "%zu of %zu (%.0f to %.0f %%)", hits, trials,
             100 * share.low, 100 * share.high);
}

static bool print_slowed(FILE *out, const struct proof_report *report)
{
    static const char *const headings[] = {
        "slow-down",     "measured", "test alone finds", "stated",
        "verdict finds", "stated",   "over all traces"};
    struct grid grid = {.count = 0};
    fprintf(
        out,
        "\nA slow-down of known size, in a copy of the floor. A verdict needs %.0f %% "
        "at least, so that smaller ones are not to be found.\n",
        100 * report->effect);
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
        grid_set(row, 0, GRID_PLAIN, "%.0f %%", 100 * slowed->slow_down);
        if (outcome->comparison_count > 0) {
            grid_set(row, 1, GRID_PLAIN, "%.1f %%",
                     100 * (1 / outcome->median_ratio - 1));
        }
        set_share(row, 2, outcome->test_count, outcome->comparison_count);
        grid_set(row, 3, GRID_PLAIN, "%.0f %%",
                 percent(slowed->stated.test_count, slowed->stated.comparison_count));
        set_share(row, 4, outcome->slower_count, outcome->comparison_count);
        grid_set(row, 5, GRID_PLAIN, "%.0f %%",
                 percent(slowed->stated.slower_count, slowed->stated.comparison_count));
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
    fprintf(out, "\nDifferences below %.1f %% on a single trace",
            100 * report->least_single);
    if (report->trace_count > 1) {
        fprintf(out, ", or below %.1f %% on each of %zu,", 100 * report->least_of_all,
                report->trace_count);
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
