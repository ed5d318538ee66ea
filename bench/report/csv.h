/* Rows of CSV through libcsv.
 *
 * RFC 4180 but for the line end, which is a plain LF as every tool here reads and
 * writes it, and UTF-8, with a '?' for each byte of a name that is none. An empty cell
 * says: not measured. */
#ifndef SNUGBENCH_REPORT_CSV_H
#define SNUGBENCH_REPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A NULL field is an empty cell; any other is quoted, "" too. false: the stream failed
 * (errno). A full disk may show only at fflush, so whoever opened the stream checks
 * that as well. */
bool csv_row(FILE *out, size_t count, const char *const *fields);

enum {
    CSV_MAX_FIELDS = 64
};

/* A row under construction. Strings are borrowed until csv_line_write. */
struct csv_line {
    const char *fields[CSV_MAX_FIELDS];
    char numbers[CSV_MAX_FIELDS][32];
    size_t count;
};

void csv_line_text(struct csv_line *line, const char *text); /* NULL: empty cell */
void csv_line_count(struct csv_line *line, uint64_t value);
void csv_line_number(struct csv_line *line, double value, bool present);

/* Writes the row and empties the line. */
bool csv_line_write(struct csv_line *line, FILE *out);

#endif
