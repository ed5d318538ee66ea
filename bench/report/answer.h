/* The answer in words, at most a dozen lines, and as an object of JSON: the same for a
 * program as it runs and for traces. */
#ifndef SNUGBENCH_REPORT_ANSWER_H
#define SNUGBENCH_REPORT_ANSWER_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/answer.h"

void answer_print(FILE *out, const struct answer *answer);

/* What answer_print says, line by line, and the fields behind it. */
json_t *answer_json(const struct answer *answer);

#endif
