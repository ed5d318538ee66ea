#include "report/csv.h"

#include <assert.h>
#include <csv.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/utf8.h"

static bool put_field(FILE *out, const char *text)
{
    if (utf8_is_valid(text)) {
        return csv_fwrite(out, text, strlen(text)) != EOF;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    utf8_repair(copy);
    const bool is_put = csv_fwrite(out, copy, strlen(copy)) != EOF;
    free(copy);
    return is_put;
}

bool csv_row(FILE *out, size_t count, const char *const *fields)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && fputc(',', out) == EOF) {
            return false;
        }
        if (fields[i] != NULL && !put_field(out, fields[i])) {
            return false;
        }
    }
    return fputc('\n', out) != EOF;
}

void csv_line_text(struct csv_line *line, const char *text)
{
    assert(line->count < CSV_MAX_FIELDS);
    line->fields[line->count++] = text;
}

void csv_line_count(struct csv_line *line, uint64_t value)
{
    char *number = line->numbers[line->count];
    snprintf(number, sizeof line->numbers[0], "%" PRIu64, value);
    csv_line_text(line, number);
}

void csv_line_number(struct csv_line *line, double value, bool present)
{
    char *number = line->numbers[line->count];
    const bool is_whole = value == rint(value) && fabs(value) < 0x1p53;
    snprintf(number, sizeof line->numbers[0], is_whole ? "%.0f" : "%.6g", value);
    csv_line_text(line, present ? number : NULL);
}

bool csv_line_write(struct csv_line *line, FILE *out)
{
    const size_t count = line->count;
    line->count = 0;
    return csv_row(out, count, line->fields);
}
