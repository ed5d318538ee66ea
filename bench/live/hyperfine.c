#include "live/hyperfine.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_MEDIAN,
    COLUMN_USER,
    COLUMN_SYSTEM,
    COLUMN_COUNT
};

enum {
    MAX_FIELDS = 64,
    MAX_FIELD_BYTES = 256
};

static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_MEDIAN] = "median",
    [COLUMN_USER] = "user",
    [COLUMN_SYSTEM] = "system",
};

/* One file being read; libcsv calls back for each field and each row. */
struct reading {
    const char *path;
    char *error;
    size_t error_size;
    bool failed;
    size_t line;               /* from 1, the header */
    size_t field_count;        /* of this row */
    int column_of[MAX_FIELDS]; /* enum column, -1: not wanted */
    bool has[COLUMN_COUNT];    /* which columns the file has */
    double values[COLUMN_COUNT];
};

static void complain(struct reading *reading, const char *expected, const char *found)
{
    if (!reading->failed) {
        snprintf(reading->error, reading->error_size, "%s:%zu: expected %s, found '%s'",
                 reading->path, reading->line, expected, found);
    }
    reading->failed = true;
}

static void take_heading(struct reading *reading, const char *text)
{
    reading->column_of[reading->field_count] = -1;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (strcmp(text, column_names[i]) == 0) {
            reading->column_of[reading->field_count] = i;
            reading->has[i] = true;
        }
    }
}

static double take_number(struct reading *reading, const char *text)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < 0) {
        complain(reading, "a number of 0 or more", text);
        return 0;
    }
    return value;
}

static void take_field(void *field, size_t length, void *data)
{
    struct reading *reading = data;
    char text[MAX_FIELD_BYTES];
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)field);
    if (reading->field_count >= MAX_FIELDS) {
        complain(reading, "at most 64 fields", text);
        return;
    }
    if (reading->line == 1) {
        take_heading(reading, text);
    } else if (reading->column_of[reading->field_count] >= 0) {
        reading->values[reading->column_of[reading->field_count]] =
            take_number(reading, text);
    }
    reading->field_count++;
}

static void end_row(int terminator, void *data)
{
    (void)terminator;
    struct reading *reading = data;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!reading->has[i]) {
            complain(reading, "the header of hyperfine --export-csv", "another");
        }
    }
    if (reading->line > 1 && reading->values[COLUMN_MEDIAN] <= 0) {
        complain(reading, "a median above 0", "0");
    }
    reading->field_count = 0;
    reading->line++;
}

static void parse(struct reading *reading, FILE *in, struct csv_parser *parser)
{
    char buffer[8192];
    size_t length;
    while (!reading->failed && (length = fread(buffer, 1, sizeof buffer, in)) > 0) {
        if (csv_parse(parser, buffer, length, take_field, end_row, reading) != length) {
            complain(reading, "CSV", csv_strerror(csv_error(parser)));
        }
    }
    if (ferror(in)) {
        complain(reading, "a readable file", strerror(errno));
    } else if (csv_fini(parser, take_field, end_row, reading) != 0) {
        complain(reading, "CSV", csv_strerror(csv_error(parser)));
    } else if (reading->line != 3) {
        complain(reading, "a header and one row",
                 reading->line < 3 ? "the end of the file" : "more");
    }
}

bool hyperfine_read(const char *path, struct hyperfine_times *times, char *error,
                    size_t error_size)
{
    struct csv_parser parser;
    FILE *in = fopen(path, "re");
    if (in == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        snprintf(error, error_size, "cannot read '%s': %s", path, strerror(errno));
        if (in != NULL) {
            fclose(in);
        }
        return false;
    }
    struct reading reading = {
        .path = path, .error = error, .error_size = error_size, .line = 1};
    parse(&reading, in, &parser);
    csv_free(&parser);
    fclose(in);
    *times = (struct hyperfine_times){
        .median_s = reading.values[COLUMN_MEDIAN],
        .user_s = reading.values[COLUMN_USER],
        .system_s = reading.values[COLUMN_SYSTEM],
    };
    return !reading.failed;
}
