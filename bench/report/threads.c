#include "report/threads.h"

#include <stdlib.h>

#include "report/cells.h"
#include "report/grid.h"
#include "report/units.h"

enum column {
    COLUMN_TRACE,
    COLUMN_ALLOCATOR,
    COLUMN_WALL,
    COLUMN_RATIO,
    COLUMN_CPU,
    COLUMN_WAITED,
    COLUMN_FLAT,
    COLUMN_SCALING,
    COLUMN_COUNT
};

static bool add_heading(struct grid *grid, const struct run *run)
{
    static const char *const headings[COLUMN_COUNT] = {
        "trace", "allocator", "wall", "", "cpu", "waited", "flat ns/op", "scaling"};
    struct grid_row *row = grid_add_row(grid);
    for (size_t i = 0; row != NULL && i < COLUMN_COUNT; i++) {
        grid_set(row, i, GRID_FAINT, "%s", headings[i]);
    }
    if (row != NULL) {
        grid_set(row, COLUMN_RATIO, GRID_FAINT, "speed v %s",
                 run->allocators[run->reference_index].name);
    }
    return row != NULL;
}

static bool add_row(struct grid *grid, const struct trace_facts *trace,
                    const struct allocator *allocator, const struct cell *cell,
                    double effect)
{
    const struct thread_figures *threads = &cell->threads;
    struct grid_row *row = grid_add_row(grid);
    if (row == NULL) {
        return false;
    }
    grid_set(row, COLUMN_TRACE, GRID_PLAIN, "%s (%s)", trace->name,
             units_count(trace->replay_threads).bytes);
    grid_set(row, COLUMN_ALLOCATOR, allocator->is_floor ? GRID_FAINT : GRID_PLAIN, "%s",
             allocator->name);
    cell_figure(row, COLUMN_WALL, threads->wall_ns, units_duration);
    cell_comparison(row, COLUMN_RATIO, cell->warm.against_reference, effect);
    cell_figure(row, COLUMN_CPU, threads->cpu_ns, units_duration);
    cell_figure(row, COLUMN_WAITED, threads->waited_ns, units_duration);
    cell_estimate(row, COLUMN_FLAT, threads->flat_ns_per_op);
    cell_figure(row, COLUMN_SCALING,
                (struct figure){.value = threads->scaling.value,
                                .present = threads->scaling.present},
                units_ratio);
    return true;
}

bool threads_print(FILE *out, const struct run *run, const struct summary *summary)
{
    struct grid grid = {.count = 0};
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        const size_t trace = i / run->allocator_count;
        const size_t allocator = i % run->allocator_count;
        const struct cell *cell = summary_cell(summary, trace, allocator);
        if (!cell->threads.wall_ns.present) {
            continue;
        }
        if ((grid.count == 0 && !add_heading(&grid, run)) ||
            !add_row(&grid, &run->traces[trace], &run->allocators[allocator], cell,
                     summary->options.warm_effect)) {
            free(grid.rows);
            return false;
        }
    }
    if (grid.count > 0) {
        fputs("traces with threads: a warm pass; scaling is flat / wall\n", out);
        grid_print(&grid, out);
        fputc('\n', out);
    }
    return true;
}
