/* Figures as cells of a grid, looking the same in every table. What was not measured is
 * a faint "-". */
#ifndef SNUGBENCH_REPORT_CELLS_H
#define SNUGBENCH_REPORT_CELLS_H

#include <stddef.h>

#include "analysis/summary.h"
#include "report/grid.h"
#include "report/units.h"

/* The floor is named as what it is. */
void cell_name(struct grid_row *row, size_t column, const struct allocator *allocator);

/* `format` is a function of units.h, such as units_mib. */
void cell_figure(struct grid_row *row, size_t column, struct figure figure,
                 struct units_text (*format)(double value));

void cell_count(struct grid_row *row, size_t column, struct figure figure);
void cell_estimate(struct grid_row *row, size_t column, struct estimate estimate);

/* "1.23x faster", "0.97x same", "reference"; "?" where rounds were too few, "undecided"
 * where the interval is too wide for `effect` to say that it is the same. */
void cell_comparison(struct grid_row *row, size_t column, struct comparison comparison,
                     double effect);

#endif
