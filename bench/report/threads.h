/* The table of the traces that several threads replayed. */
#ifndef SNUGBENCH_REPORT_THREADS_H
#define SNUGBENCH_REPORT_THREADS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* Nothing if there is no such trace, or none was timed. false: out of memory. */
bool threads_print(FILE *out, const struct run *run, const struct summary *summary);

#endif
