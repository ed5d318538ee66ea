#include "report/sheet.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libcsv calls back for each field and each row. */
struct reading {
    struct sheet *sheet;
    FILE *text;
    FILE *starts;
    size_t length;
    size_t column; /* of the row being read */
    size_t line;   /* rows that are whole */
    size_t uneven; /* from 1: a row with more or fewer cells than the header; 0: none */
};

static void take_field(void *field, size_t length, void *data)
{
    struct reading *reading = data;
    fwrite(&reading->length, sizeof reading->length, 1, reading->starts);
    fwrite(field, 1, length, reading->text);
    fputc('\0', reading->text);
    reading->length += length + 1;
    reading->column++;
}

static void take_row(int terminator, void *data)
{
    (void)terminator;
    struct reading *reading = data;
    reading->line++;
    if (reading->line == 1) {
        reading->sheet->column_count = reading->column;
    } else if (reading->column != reading->sheet->column_count &&
               reading->uneven == 0) {
        reading->uneven = reading->line;
    }
    reading->column = 0;
}

/* false: the file or libcsv failed, errno says how. */
static bool parse(FILE *in, struct reading *reading)
{
    struct csv_parser parser;
    char bytes[65536];
    size_t length;
    if (csv_init(&parser, 0) != 0) {
        errno = ENOMEM;
        return false;
    }
    bool done = true;
    while (done && (length = fread(bytes, 1, sizeof bytes, in)) > 0) {
        done =
            csv_parse(&parser, bytes, length, take_field, take_row, reading) == length;
    }
    done = done && csv_fini(&parser, take_field, take_row, reading) == 0;
    if (!done) {
        errno = ENOMEM;
    }
    csv_free(&parser);
    return done && !ferror(in);
}

static bool read_into(struct sheet *sheet, FILE *in, struct reading *reading)
{
    size_t text_size = 0;
    size_t starts_size = 0;
    char *starts = NULL;
    *reading = (struct reading){.sheet = sheet,
                                .text = open_memstream(&sheet->text, &text_size),
                                .starts = open_memstream(&starts, &starts_size)};
    bool done = reading->text != NULL && reading->starts != NULL && parse(in, reading);
    done = (reading->text == NULL || fclose(reading->text) == 0) && done;
    done = (reading->starts == NULL || fclose(reading->starts) == 0) && done;
    sheet->starts = (size_t *)(void *)starts;
    return done;
}

struct sheet *sheet_read(const char *path, struct report_error *error)
{
    struct reading reading = {.line = 0};
    struct sheet *sheet = calloc(1, sizeof *sheet);
    FILE *in = sheet == NULL ? NULL : fopen(path, "re");
    if (in == NULL || !read_into(sheet, in, &reading)) {
        snprintf(error->text, sizeof error->text, "cannot read '%s': %s", path,
                 strerror(errno));
    } else if (reading.line == 0 || reading.uneven != 0) {
        snprintf(error->text, sizeof error->text,
                 "%s:%zu: expected a row with as many cells as the first has; "
                 "measure again, or remove the file",
                 path, reading.line == 0 ? 1 : reading.uneven);
    } else {
        sheet->row_count = reading.line - 1;
        fclose(in);
        return sheet;
    }
    if (in != NULL) {
        fclose(in);
    }
    sheet_destroy(sheet);
    return NULL;
}

void sheet_destroy(struct sheet *sheet)
{
    if (sheet != NULL) {
        free(sheet->text);
        free(sheet->starts);
        free(sheet);
    }
}

const char *sheet_heading(const struct sheet *sheet, size_t column)
{
    return sheet->text + sheet->starts[column];
}

const char *sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
    return sheet->text + sheet->starts[(row + 1) * sheet->column_count + column];
}

const char *sheet_find(const struct sheet *sheet, size_t row, const char *heading)
{
    for (size_t i = 0; i < sheet->column_count; i++) {
        if (strcmp(sheet_heading(sheet, i), heading) == 0) {
            return sheet_cell(sheet, row, i);
        }
    }
    return "";
}
