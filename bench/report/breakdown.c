#include "report/breakdown.h"

#include <stdlib.h>

#include "report/cells.h"
#include "report/grid.h"
#include "report/units.h"

/* One figure of an allocator, and how it is told. */
struct column {
    const char *heading;
    struct figure (*figure)(const struct total *total, size_t which);
    size_t which;
    struct units_text (*format)(double value);
};

static struct figure part(const struct total *total, size_t which)
{
    return total->parts[which];
}

static struct figure counter(const struct total *total, size_t which)
{
    return total->counts.counters[which];
}

static struct figure callgrind(const struct total *total, size_t which)
{
    (void)which;
    return total->counts.callgrind_instructions;
}

static const struct column memory_columns[] = {
    {"asked for", part, MEMORY_LIVE, units_percent},
    {"internal", part, MEMORY_INTERNAL, units_percent},
    {"external", part, MEMORY_EXTERNAL, units_percent},
    {"kept when all is freed", part, MEMORY_AFTER_FREE, units_percent},
    {"a second later", part, MEMORY_AFTER_SECOND, units_percent},
};

static const struct column count_columns[] = {
    {"instructions", counter, COUNTER_INSTRUCTIONS, units_number},
    {"cycles", counter, COUNTER_CYCLES, units_number},
    {"L1d misses", counter, COUNTER_L1D_MISSES, units_number},
    {"LLC misses", counter, COUNTER_LLC_MISSES, units_number},
    {"dTLB misses", counter, COUNTER_DTLB_MISSES, units_number},
    {"instructions (callgrind)", callgrind, 0, units_number},
};

enum {
    MEMORY_COLUMNS = sizeof memory_columns / sizeof *memory_columns,
    COUNT_COLUMNS = sizeof count_columns / sizeof *count_columns,
};

static bool has_column(const struct summary *summary, const struct column *column)
{
    for (size_t i = 0; i < summary->allocator_count; i++) {
        if (column->figure(&summary->totals[i], column->which).present) {
            return true;
        }
    }
    return false;
}

/* Only the columns that somebody has; the first row is the heading. */
static bool print(FILE *out, const struct run *run, const struct summary *summary,
                  const char *title, const struct column *columns, size_t column_count)
{
    struct grid grid = {.count = 0};
    const struct column *shown[GRID_COLUMNS];
    size_t shown_count = 0;
    for (size_t i = 0; i < column_count; i++) {
        if (has_column(summary, &columns[i])) {
            shown[shown_count++] = &columns[i];
        }
    }
    if (shown_count == 0) {
        return true;
    }
    struct grid_row *row = grid_add_row(&grid);
    for (size_t i = 0; row != NULL && i < shown_count; i++) {
        grid_set(row, 0, GRID_FAINT, "allocator");
        grid_set(row, i + 1, GRID_FAINT, "%s", shown[i]->heading);
    }
    for (size_t i = 0; row != NULL && i < run->allocator_count; i++) {
        row = grid_add_row(&grid);
        for (size_t k = 0; row != NULL && k < shown_count; k++) {
            cell_name(row, 0, &run->allocators[i]);
            cell_figure(row, k + 1,
                        shown[k]->figure(&summary->totals[i], shown[k]->which),
                        shown[k]->format);
        }
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    fprintf(out, "\n%s\n", title);
    grid_print(&grid, out);
    return true;
}

bool breakdown_print(FILE *out, const struct run *run, const struct summary *summary)
{
    return print(out, run, summary,
                 "resident memory at its peak, means over the traces, and what of that "
                 "peak is kept:",
                 memory_columns, MEMORY_COLUMNS) &&
           print(out, run, summary,
                 "an operation takes, in warm passes, means over the traces, the "
                 "harness's own in it:",
                 count_columns, COUNT_COLUMNS);
}
