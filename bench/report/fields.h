/* The project's own values as CSV fields, worded the same in every file. */
#ifndef SNUGBENCH_REPORT_FIELDS_H
#define SNUGBENCH_REPORT_FIELDS_H

#include <stddef.h>

#include "analysis/summary.h"
#include "report/csv.h"
#include "runner/result.h"

void field_figure(struct csv_line *line, struct figure figure);
void field_estimate(struct csv_line *line, struct estimate estimate); /* three fields */
void field_comparison(struct csv_line *line, struct comparison comparison);   /* four */
void field_counts(struct csv_line *line, const struct count_figures *counts); /* six */

/* "ok", "crashed", ...: the status column. */
const char *status_name(enum result_status status);

/* "floor", "reference" or "allocator": the role column. */
const char *role_name(const struct run *run, size_t allocator_index);

#endif
