/* A CSV file as it stands, read by libcsv: a header line and rows of text. */
#ifndef SNUGBENCH_REPORT_SHEET_H
#define SNUGBENCH_REPORT_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"

struct sheet {
    char *text;     /* every cell, each ends with a NUL */
    size_t *starts; /* of row * column_count + column, the header being row 0 */
    size_t column_count;
    size_t row_count; /* without the header */
};

/* NULL: it cannot be read, or is no table; `error` filled. */
struct sheet *sheet_read(const char *path, struct report_error *error);

void sheet_destroy(struct sheet *sheet); /* NULL is nothing */

/* The name of a column. */
const char *sheet_heading(const struct sheet *sheet, size_t column);

/* From row 0; "" is not measured. */
const char *sheet_cell(const struct sheet *sheet, size_t row, size_t column);

/* By the column's name; "" too if there is no such column. */
const char *sheet_find(const struct sheet *sheet, size_t row, const char *heading);

#endif
