#include "report/programs.h"

#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/csv.h"
#include "report/fields.h"
#include "report/grid.h"
#include "report/output.h"
#include "report/units.h"

static const char *const columns[] = {
    "program",
    "allocator",
    "rounds_count",
    "median_s",
    "median_s_low",
    "median_s_high",
    "mean_s",
    "stddev_s",
    "min_s",
    "speed_ratio",
    "speed_ratio_low",
    "speed_ratio_high",
    "speed_verdict",
    "peak_resident_bytes",
    "peak_resident_ratio",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static bool write_rows(FILE *out, const void *data)
{
    const struct program_summary *summary = data;
    struct csv_line line = {.count = 0};
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; written && i < summary->list->count; i++) {
        const struct program_times *entry = &summary->list->items[i];
        const struct program_figures *figures = &summary->figures[i];
        csv_line_text(&line, entry->program);
        csv_line_text(&line, entry->allocator);
        csv_line_count(&line, entry->count);
        field_estimate(&line, figures->median_s);
        field_figure(&line, figures->mean_s);
        field_figure(&line, figures->stddev_s);
        field_figure(&line, figures->minimum_s);
        field_comparison(&line, figures->speed);
        field_figure(&line, entry->peak_resident_bytes);
        field_figure(&line, figures->peak_ratio);
        written = csv_line_write(&line, out);
    }
    return written;
}

bool programs_write_csv(const struct program_summary *summary, const char *path,
                        struct report_error *error)
{
    return output_write(path, write_rows, summary, error);
}

/* Seconds in ms, as the headings say. */
static struct units_text milliseconds(double seconds)
{
    return units_number(1e3 * seconds);
}

static void set_row(struct grid_row *row, const struct program_times *entry,
                    const struct program_figures *figures)
{
    struct estimate median_ms = figures->median_s;
    median_ms.value *= 1e3;
    median_ms.low *= 1e3;
    median_ms.high *= 1e3;
    grid_set(row, 0, GRID_PLAIN, "%s", entry->allocator);
    cell_estimate(row, 1, median_ms);
    cell_figure(row, 2, figures->minimum_s, milliseconds);
    cell_comparison(row, 3, figures->speed);
    cell_figure(row, 4, entry->peak_resident_bytes, units_mib);
    cell_figure(row, 5, figures->peak_ratio, units_ratio);
}

static bool add_program(struct grid *grid, const struct program_summary *summary,
                        const char *program)
{
    struct grid_row *row = grid_add_row(grid);
    if (row == NULL) {
        return false;
    }
    grid_set(row, 0, GRID_PLAIN, "%s", program);
    for (size_t i = 0; i < summary->list->count; i++) {
        const struct program_times *entry = &summary->list->items[i];
        if (strcmp(entry->program, program) != 0) {
            continue;
        }
        row = grid_add_row(grid);
        if (row == NULL) {
            return false;
        }
        set_row(row, entry, &summary->figures[i]);
    }
    return true;
}

/* Whether no entry before this one is of the same program. */
static bool is_first(const struct program_list *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(list->items[i].program, list->items[index].program) == 0) {
            return false;
        }
    }
    return true;
}

bool programs_table(FILE *out, const struct program_summary *summary)
{
    static const char *const headings[] = {"", "median ms", "min ms", "", "peak MiB"};
    const struct program_list *list = summary->list;
    struct grid grid = {.count = 0};
    struct grid_row *row = grid_add_row(&grid);
    bool done = row != NULL;
    for (size_t i = 0; done && i < 5; i++) {
        grid_set(row, i, GRID_FAINT, "%s", headings[i]);
    }
    if (done) {
        grid_set(row, 3, GRID_FAINT, "speed v %s", summary->reference);
        grid_set(row, 5, GRID_FAINT, "v %s", summary->reference);
    }
    for (size_t i = 0; done && i < list->count; i++) {
        if (is_first(list, i)) {
            done = add_program(&grid, summary, list->items[i].program);
        }
    }
    if (!done) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return fflush(out) == 0 && !ferror(out);
}
