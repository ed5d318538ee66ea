/* What a run says, in sentences: who is faster, and where our own allocator loses. */
#ifndef SNUGBENCH_REPORT_VERDICTS_H
#define SNUGBENCH_REPORT_VERDICTS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* Also the writer of verdicts.txt. false: `out` failed. */
bool verdicts_print(FILE *out, const struct run *run, const struct summary *summary);

#endif
