/* The cells of a CSV text as a reader other than ours sees them: libcsv, strict. */
#ifndef SNUGBENCH_TEST_CSV_CELLS_H
#define SNUGBENCH_TEST_CSV_CELLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <csv.h>

enum {
    CSV_ROWS = 200,
    CSV_COLUMNS = 64
};

struct csv_cells {
    char *text[CSV_ROWS][CSV_COLUMNS];
    size_t row_count; /* with the header */
    size_t column_count;
    size_t column; /* of the row that is read */
};

static inline void csv_cells_take(void *text, size_t length, void *data)
{
    struct csv_cells *cells = data;
    assert_true(cells->row_count < CSV_ROWS && cells->column < CSV_COLUMNS);
    cells->text[cells->row_count][cells->column++] = strndup(text, length);
}

/* Every row is as long as the header. */
static inline void csv_cells_end_row(int terminator, void *data)
{
    (void)terminator;
    struct csv_cells *cells = data;
    if (cells->row_count == 0) {
        cells->column_count = cells->column;
    }
    assert_int_equal(cells->column, cells->column_count);
    cells->row_count++;
    cells->column = 0;
}

static inline struct csv_cells *csv_cells_of(const char *text)
{
    struct csv_cells *cells = calloc(1, sizeof *cells);
    struct csv_parser parser;
    const size_t length = strlen(text);
    assert_non_null(cells);
    assert_int_equal(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
    assert_int_equal(
        csv_parse(&parser, text, length, csv_cells_take, csv_cells_end_row, cells),
        length);
    assert_int_equal(csv_fini(&parser, csv_cells_take, csv_cells_end_row, cells), 0);
    csv_free(&parser);
    return cells;
}

static inline void csv_cells_free(struct csv_cells *cells)
{
    for (size_t row = 0; row < cells->row_count; row++) {
        for (size_t column = 0; column < cells->column_count; column++) {
            free(cells->text[row][column]);
        }
    }
    free(cells);
}

/* Row 0 is the header. */
static inline const char *csv_cell(const struct csv_cells *cells, size_t row,
                                   const char *heading)
{
    assert_true(row < cells->row_count);
    for (size_t i = 0; i < cells->column_count; i++) {
        if (strcmp(cells->text[0][i], heading) == 0) {
            return cells->text[row][i];
        }
    }
    fail_msg("no column '%s'", heading);
    return "";
}

#endif
