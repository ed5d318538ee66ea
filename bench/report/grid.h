/* Text in aligned columns: the first and the last to the left, those between to the
 * right. Widths are those of the widest cell, counted in characters, not bytes. */
#ifndef SNUGBENCH_REPORT_GRID_H
#define SNUGBENCH_REPORT_GRID_H

#include <stddef.h>
#include <stdio.h>

enum grid_style {
    GRID_PLAIN,
    GRID_GOOD,
    GRID_BAD,
    GRID_FAINT
};

enum {
    GRID_COLUMNS = 9,
    GRID_CELL_BYTES = 400,
};

struct grid_cell {
    char text[GRID_CELL_BYTES];
    enum grid_style style;
};

struct grid_row {
    struct grid_cell cells[GRID_COLUMNS];
};

/* All zero is an empty grid. */
struct grid {
    struct grid_row *rows;
    size_t count;
};

/* A new row of empty cells, valid until the next. NULL: out of memory. */
struct grid_row *grid_add_row(struct grid *grid);

void grid_set(struct grid_row *row, size_t column, enum grid_style style,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Prints every row, indented by two, and empties the grid. In colour if `out` is a
 * terminal and NO_COLOR is not set. */
void grid_print(struct grid *grid, FILE *out);

#endif
