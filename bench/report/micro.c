#include "report/micro.h"

#include <stdlib.h>

#include "report/cells.h"
#include "report/csv.h"
#include "report/environment.h"
#include "report/fields.h"
#include "report/grid.h"
#include "report/json.h"
#include "report/results.h"
#include "report/units.h"

static const char *const columns[] = {
    "benchmark",
    "parameter",
    "threads",
    "operation",
    "allocator",
    "status",
    "rounds_count",
    "ns_per_op",
    "ns_per_op_low",
    "ns_per_op_high",
    "speed_ratio",
    "speed_ratio_low",
    "speed_ratio_high",
    "speed_verdict",
    "worst_op_ns",
    "peak_resident_growth_bytes",
    "peak_resident_ratio",
    "resident_after_growth_bytes",
    "minor_faults_count",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static bool write_row(FILE *out, const struct micro_run *run, size_t case_index,
                      size_t allocator_index, const struct micro_figures *figures)
{
    const struct micro_case *row_case = &run->cases[case_index];
    const struct micro_row *row = micro_run_row(run, case_index, allocator_index);
    struct csv_line line = {.count = 0};
    csv_line_text(&line, row_case->benchmark);
    csv_line_text(&line, row_case->parameter);
    csv_line_count(&line, row_case->threads);
    csv_line_text(&line, row_case->unit);
    csv_line_text(&line, run->allocators[allocator_index].name);
    csv_line_text(&line, status_name(row->status));
    csv_line_count(&line, row->count);
    field_estimate(&line, figures->ns_per_op);
    field_comparison(&line, figures->speed);
    field_figure(&line, figures->worst_op_ns);
    field_figure(&line, figures->peak_growth_bytes);
    field_figure(&line, figures->peak_ratio);
    field_figure(&line, figures->after_growth_bytes);
    field_figure(&line, figures->minor_faults);
    return csv_line_write(&line, out);
}

struct content {
    const struct micro_run *run;
    const struct micro_figures *figures;
};

static bool write_rows(FILE *out, const void *data)
{
    const struct content *content = data;
    const struct micro_run *run = content->run;
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; i < run->case_count; i++) {
        for (size_t j = 0; written && j < run->allocator_count; j++) {
            written = write_row(out, run, i, j,
                                &content->figures[i * run->allocator_count + j]);
        }
    }
    return written;
}

static bool write_environment(FILE *out, const void *data)
{
    const struct micro_run *run = ((const struct content *)data)->run;
    json_t *object = environment_create();
    json_t *allocators = json_array();
    for (size_t i = 0; i < run->allocator_count; i++) {
        const char *library = run->allocators[i].library;
        json_t *entry = json_object();
        json_set_text(entry, "name", run->allocators[i].name);
        if (library != NULL) {
            json_set_text(entry, "library", library);
        }
        json_array_append_new(allocators, entry);
    }
    json_object_set_new(object, "seed", json_integer((json_int_t)run->seed));
    json_object_set_new(object, "rounds", json_integer(run->rounds));
    json_object_set_new(object, "scale", json_real(run->scale));
    json_object_set_new(object, "interrupted", json_boolean(run->interrupted));
    json_object_set_new(object, "allocators", allocators);
    const bool written = object != NULL &&
                         json_dumpf(object, out, JSON_INDENT(2)) == 0 &&
                         fputc('\n', out) != EOF;
    json_decref(object);
    return written;
}

bool micro_write_files(const struct micro_run *run, const struct micro_figures *figures,
                       const char *directory, struct report_error *error)
{
    const struct content content = {run, figures};
    const struct output_file files[] = {
        {"micro.csv", write_rows, &content},
        {"environment.json", write_environment, &content},
    };
    return results_write(directory, files, sizeof files / sizeof *files, error);
}

static void set_row(struct grid_row *row, const struct micro_run *run,
                    size_t case_index, size_t allocator_index,
                    const struct micro_figures *figures)
{
    const struct micro_row *measured = micro_run_row(run, case_index, allocator_index);
    grid_set(row, 0, GRID_PLAIN, "%s", run->allocators[allocator_index].name);
    cell_estimate(row, 1, figures->ns_per_op);
    cell_comparison(row, 2, figures->speed, micro_effect);
    cell_figure(row, 3, figures->peak_growth_bytes, units_mib);
    cell_figure(row, 4, figures->peak_ratio, units_ratio);
    cell_figure(row, 5, figures->after_growth_bytes, units_mib);
    if (figures->worst_op_ns.present) {
        grid_set(row, 6, GRID_PLAIN, "%s worst",
                 units_duration(figures->worst_op_ns.value).bytes);
    } else if (figures->minor_faults.present) {
        grid_set(row, 6, GRID_PLAIN, "%s page faults",
                 units_count((uint64_t)figures->minor_faults.value).bytes);
    } else {
        grid_set(row, 6, GRID_FAINT, "-");
    }
    if (measured->status != RESULT_OK) {
        grid_set(row, GRID_COLUMNS - 1, GRID_BAD, "%s: %s",
                 status_name(measured->status), measured->status_text);
    }
}

static bool add_case(struct grid *grid, const struct micro_run *run, size_t case_index,
                     const struct micro_figures *figures)
{
    const struct micro_case *row_case = &run->cases[case_index];
    struct grid_row *row = grid_add_row(grid);
    if (row == NULL) {
        return false;
    }
    grid_set(row, 0, GRID_PLAIN, "%s", row_case->benchmark);
    grid_set(row, 1, GRID_FAINT, "%s", row_case->parameter);
    grid_set(row, 2, GRID_FAINT, "%u thread%s", row_case->threads,
             row_case->threads == 1 ? "" : "s");
    for (size_t j = 0; j < run->allocator_count; j++) {
        row = grid_add_row(grid);
        if (row == NULL) {
            return false;
        }
        set_row(row, run, case_index, j,
                &figures[case_index * run->allocator_count + j]);
    }
    return true;
}

bool micro_table(FILE *out, const struct micro_run *run,
                 const struct micro_figures *figures)
{
    struct grid grid = {.count = 0};
    struct grid_row *row = grid_add_row(&grid);
    bool done = row != NULL;
    if (done) {
        const char *reference = run->allocators[run->reference_index].name;
        grid_set(row, 1, GRID_FAINT, "ns/operation");
        grid_set(row, 2, GRID_FAINT, "speed v %s", reference);
        grid_set(row, 3, GRID_FAINT, "peak MiB");
        grid_set(row, 4, GRID_FAINT, "v %s", reference);
        grid_set(row, 5, GRID_FAINT, "after MiB");
    }
    for (size_t i = 0; done && i < run->case_count; i++) {
        done = add_case(&grid, run, i, figures);
    }
    if (!done) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return fflush(out) == 0 && !ferror(out);
}
