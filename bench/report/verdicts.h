/* What a run says, in sentences: who is faster, and where our own allocator loses. */
#ifndef SNUGBENCH_REPORT_VERDICTS_H
#define SNUGBENCH_REPORT_VERDICTS_H

#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

void verdicts_print(FILE *out, const struct run *run, const struct summary *summary);

#endif
