#include "report/hyperfine.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_COMMAND,
    COLUMN_MEAN,
    COLUMN_STDDEV,
    COLUMN_MEDIAN,
    COLUMN_USER,
    COLUMN_SYSTEM,
    COLUMN_MIN,
    COLUMN_PEAK,
    COLUMN_COUNT
};

enum {
    MAX_FIELDS = 64,
    MAX_FIELD_BYTES = 256
};

static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_COMMAND] = "command", [COLUMN_MEAN] = "mean",
    [COLUMN_STDDEV] = "stddev",   [COLUMN_MEDIAN] = "median",
    [COLUMN_USER] = "user",       [COLUMN_SYSTEM] = "system",
    [COLUMN_MIN] = "min",         [COLUMN_PEAK] = "peak_resident_bytes",
};

/* One file being read; libcsv calls back for each field and each row. */
struct reading {
    struct program_list *list;
    const char *path;
    unsigned round;
    struct report_error *error;
    bool failed;
    size_t line;               /* from 1, the header */
    size_t field_count;        /* of this row */
    int column_of[MAX_FIELDS]; /* enum column, -1: not wanted */
    bool has[COLUMN_COUNT];    /* which columns the file has */
    char values[COLUMN_COUNT][MAX_FIELD_BYTES];
};

static void complain(struct reading *reading, const char *expected, const char *found)
{
    if (!reading->failed) {
        snprintf(reading->error->text, sizeof reading->error->text,
                 "%s:%zu: expected %s, found '%s'", reading->path, reading->line,
                 expected, found);
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
        memcpy(reading->values[reading->column_of[reading->field_count]], text,
               sizeof text);
    }
    reading->field_count++;
}

static double number(struct reading *reading, enum column column)
{
    const char *text = reading->values[column];
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < 0) {
        complain(reading, "a number of 0 or more", text);
        return 0;
    }
    return value;
}

static struct program_times *find_or_add(struct program_list *list, const char *program,
                                         const char *allocator)
{
    const struct program_times *found = program_find(list, program, allocator);
    if (found != NULL) {
        return &list->items[found - list->items];
    }
    struct program_times *items =
        realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        return NULL;
    }
    list->items = items;
    struct program_times *entry = &items[list->count];
    *entry = (struct program_times){.program = strdup(program),
                                    .allocator = strdup(allocator)};
    if (entry->program == NULL || entry->allocator == NULL) {
        free(entry->program);
        free(entry->allocator);
        return NULL;
    }
    list->count++;
    return entry;
}

static bool add_times(struct reading *reading, struct program_times *entry)
{
    struct round_value *medians =
        realloc(entry->medians_s, (entry->count + 1) * sizeof *medians);
    if (medians == NULL) {
        return false;
    }
    entry->medians_s = medians;
    const double median = number(reading, COLUMN_MEDIAN);
    const double least = number(reading, COLUMN_MIN);
    /* A single run has no deviation: the cell is empty. */
    const double deviation =
        reading->values[COLUMN_STDDEV][0] != '\0' ? number(reading, COLUMN_STDDEV) : 0;
    if (median <= 0) {
        complain(reading, "a median above 0", reading->values[COLUMN_MEDIAN]);
        return true;
    }
    entry->mean_sum_s += number(reading, COLUMN_MEAN);
    entry->variance_sum_s2 += deviation * deviation;
    if (reading->has[COLUMN_USER] && reading->has[COLUMN_SYSTEM]) {
        entry->user_sum_s += number(reading, COLUMN_USER);
        entry->system_sum_s += number(reading, COLUMN_SYSTEM);
    }
    entry->minimum_s = entry->count == 0 ? least : fmin(entry->minimum_s, least);
    medians[entry->count++] =
        (struct round_value){.round = reading->round, .value = median};
    return true;
}

static void take_row(struct reading *reading)
{
    char *program = reading->values[COLUMN_COMMAND];
    char *colon = strrchr(program, ':');
    if (colon == NULL) {
        complain(reading, "a command named PROGRAM:ALLOCATOR", program);
        return;
    }
    *colon = '\0';
    struct program_times *entry = find_or_add(reading->list, program, colon + 1);
    if (entry != NULL && reading->has[COLUMN_PEAK]) {
        entry->peak_resident_bytes =
            (struct figure){.value = number(reading, COLUMN_PEAK), .present = true};
    }
    if (entry == NULL || (reading->has[COLUMN_MEDIAN] && !add_times(reading, entry))) {
        complain(reading, "enough memory", strerror(errno));
    }
}

static void check_heading(struct reading *reading)
{
    const bool has_times = reading->has[COLUMN_MEAN] && reading->has[COLUMN_STDDEV] &&
                           reading->has[COLUMN_MEDIAN] && reading->has[COLUMN_MIN];
    if (!reading->has[COLUMN_COMMAND] || (!has_times && !reading->has[COLUMN_PEAK])) {
        complain(reading, "the header of hyperfine --export-csv", "another");
    }
}

static void end_row(int terminator, void *data)
{
    (void)terminator;
    struct reading *reading = data;
    if (!reading->failed && reading->line == 1) {
        check_heading(reading);
    } else if (!reading->failed) {
        take_row(reading);
    }
    memset(reading->values, 0, sizeof reading->values);
    reading->field_count = 0;
    reading->line++;
}

static bool parse(struct reading *reading, FILE *in, struct csv_parser *parser)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; /* of some spreadsheets */
    char buffer[8192];
    size_t length = fread(buffer, 1, sizeof buffer, in);
    size_t start = 0;
    if (length >= 3 && memcmp(buffer, byte_order_mark, 3) == 0) {
        start = 3;
    }
    while (!reading->failed && length > 0) {
        if (csv_parse(parser, buffer + start, length - start, take_field, end_row,
                      reading) != length - start) {
            complain(reading, "CSV", csv_strerror(csv_error(parser)));
        }
        start = 0;
        length = fread(buffer, 1, sizeof buffer, in);
    }
    if (ferror(in)) {
        complain(reading, "a readable file", strerror(errno));
    } else if (csv_fini(parser, take_field, end_row, reading) != 0) {
        complain(reading, "CSV", csv_strerror(csv_error(parser)));
    }
    if (reading->line < 3) {
        complain(reading, "a header and rows", "the end of the file");
    }
    return !reading->failed;
}

bool hyperfine_read(struct program_list *list, const char *path, unsigned round,
                    struct report_error *error)
{
    struct csv_parser parser;
    FILE *in = fopen(path, "re");
    if (in == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        snprintf(error->text, sizeof error->text, "cannot read '%s': %s", path,
                 strerror(errno));
        if (in != NULL) {
            fclose(in);
        }
        return false;
    }
    struct reading reading = {
        .list = list, .path = path, .round = round, .error = error, .line = 1};
    const bool read = parse(&reading, in, &parser);
    csv_free(&parser);
    fclose(in);
    return read;
}
