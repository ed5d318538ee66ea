/* Figures as values of JSON, the same in every file. What was not measured is null. */
#ifndef SNUGBENCH_REPORT_JSON_H
#define SNUGBENCH_REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"

void json_set_number(json_t *object, const char *key, double value, bool present);
void json_set_figure(json_t *object, const char *key, struct figure figure);
/* {"median", "low", "high"}. */
void json_set_estimate(json_t *object, const char *key, struct estimate estimate);
/* Any bytes, as names and arguments are: a '?' for each that is no UTF-8. */
json_t *json_text(const char *text);
/* NULL and "" are null. */
void json_set_text(json_t *object, const char *key, const char *text);
json_t *json_words(char *const *texts, size_t count);

/* Indented, with a newline; takes the object over. */
bool json_write(json_t *object, FILE *out);

#endif
