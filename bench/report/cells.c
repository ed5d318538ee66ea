#include "report/cells.h"

#include <math.h>
#include <stdint.h>

#include "analysis/answer.h"

static void set_missing(struct grid_row *row, size_t column)
{
    grid_set(row, column, GRID_FAINT, "-");
}

void cell_name(struct grid_row *row, size_t column, const struct allocator *allocator)
{
    grid_set(row, column, allocator->is_floor ? GRID_FAINT : GRID_PLAIN, "%s%s",
             allocator->name, allocator->is_floor ? " (harness)" : "");
}

void cell_figure(struct grid_row *row, size_t column, struct figure figure,
                 struct units_text (*format)(double value))
{
    if (figure.present) {
        grid_set(row, column, GRID_PLAIN, "%s", format(figure.value).bytes);
    } else {
        set_missing(row, column);
    }
}

void cell_count(struct grid_row *row, size_t column, struct figure figure)
{
    if (figure.present) {
        const uint64_t count = (uint64_t)rint(figure.value);
        grid_set(row, column, GRID_PLAIN, "%s", units_count(count).bytes);
    } else {
        set_missing(row, column);
    }
}

void cell_estimate(struct grid_row *row, size_t column, struct estimate estimate)
{
    if (estimate.present) {
        grid_set(row, column, GRID_PLAIN, "%s",
                 units_interval(estimate.value, estimate.low, estimate.high).bytes);
    } else {
        set_missing(row, column);
    }
}

void cell_comparison(struct grid_row *row, size_t column, struct comparison comparison,
                     double effect)
{
    static const struct {
        const char *mark;
        enum grid_style style;
    } looks[] = {
        [VERDICT_NONE] = {"", GRID_FAINT},
        [VERDICT_TOO_FEW] = {" ?", GRID_FAINT},
        [VERDICT_REFERENCE] = {"", GRID_FAINT},
        [VERDICT_FASTER] = {" faster", GRID_GOOD},
        [VERDICT_SLOWER] = {" slower", GRID_BAD},
        [VERDICT_SAME] = {" same", GRID_PLAIN},
    };
    if (comparison.verdict == VERDICT_REFERENCE) {
        grid_set(row, column, GRID_FAINT, "reference");
    } else if (!comparison.ratio.present) {
        set_missing(row, column);
    } else if (comparison.verdict == VERDICT_SAME &&
               !answer_is_narrow(comparison.ratio, effect)) {
        grid_set(row, column, GRID_PLAIN, "%s undecided",
                 units_ratio(comparison.ratio.value).bytes);
    } else {
        grid_set(row, column, looks[comparison.verdict].style, "%s%s",
                 units_ratio(comparison.ratio.value).bytes,
                 looks[comparison.verdict].mark);
    }
}
