#include "report/grid.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct grid_row *grid_add_row(struct grid *grid)
{
    struct grid_row *rows = realloc(grid->rows, (grid->count + 1) * sizeof *rows);
    if (rows == NULL) {
        return NULL;
    }
    grid->rows = rows;
    rows[grid->count] = (struct grid_row){.cells[0].style = GRID_PLAIN};
    return &rows[grid->count++];
}

void grid_set(struct grid_row *row, size_t column, enum grid_style style,
              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->cells[column].text, GRID_CELL_BYTES, format, arguments);
    va_end(arguments);
    row->cells[column].style = style;
}

/* Characters of UTF-8: all bytes but the continuing ones. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

/* The last column does not count: its text may be long and nothing follows it. */
static void measure(const struct grid *grid, int widths[GRID_COLUMNS])
{
    for (size_t column = 0; column < GRID_COLUMNS; column++) {
        widths[column] = 0;
        for (size_t i = 0; i < grid->count && column + 1 < GRID_COLUMNS; i++) {
            const int width = width_of(grid->rows[i].cells[column].text);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
}

static void print_cell(const struct grid_cell *cell, FILE *out, bool in_colour)
{
    static const char *const codes[] = {
        [GRID_GOOD] = "\033[32m", [GRID_BAD] = "\033[31m", [GRID_FAINT] = "\033[2m"};
    if (in_colour && cell->style != GRID_PLAIN) {
        fprintf(out, "%s%s\033[0m", codes[cell->style], cell->text);
    } else {
        fputs(cell->text, out);
    }
}

static size_t last_used_column(const struct grid_row *row)
{
    size_t last = GRID_COLUMNS - 1;
    while (last > 0 && row->cells[last].text[0] == '\0') {
        last--;
    }
    return last;
}

static bool takes_colour(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(fileno(out)) && (no_colour == NULL || *no_colour == '\0');
}

void grid_print(struct grid *grid, FILE *out)
{
    const bool in_colour = takes_colour(out);
    int widths[GRID_COLUMNS];
    measure(grid, widths);
    for (size_t i = 0; i < grid->count; i++) {
        const struct grid_row *row = &grid->rows[i];
        const size_t last = last_used_column(row);
        for (size_t column = 0; column <= last; column++) {
            const struct grid_cell *cell = &row->cells[column];
            const int padding = widths[column] - width_of(cell->text);
            const bool is_left = column == 0 || column == GRID_COLUMNS - 1;
            const bool is_there = widths[column] > 0 || cell->text[0] != '\0';
            fprintf(out, "%*s", is_there ? 2 : 0, "");
            fprintf(out, "%*s", is_left ? 0 : padding, "");
            print_cell(cell, out, in_colour);
            fprintf(out, "%*s", is_left && column < last ? padding : 0, "");
        }
        fputc('\n', out);
    }
    free(grid->rows);
    *grid = (struct grid){.count = 0};
}
