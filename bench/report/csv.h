/* One row of CSV through libcsv, and numbers as its fields.
 *
 * RFC 4180 but for the line end, which is a plain LF as every tool here reads and
 * writes it. A NULL field is an empty cell: not measured. Any other field is quoted, ""
 * too. */
#ifndef SNUGBENCH_REPORT_CSV_H
#define SNUGBENCH_REPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* false: the stream failed (errno). A full disk may show only at fflush, so whoever
 * opened the stream checks that as well. */
bool csv_row(FILE *out, size_t count, const char *const *fields);

#endif
