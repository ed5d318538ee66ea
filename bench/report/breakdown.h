/* Two short tables over all traces, one line an allocator: what memory is made of at
 * its peak, and what an operation takes in instructions and misses. Nothing is printed
 * where nothing was measured. */
#ifndef SNUGBENCH_REPORT_BREAKDOWN_H
#define SNUGBENCH_REPORT_BREAKDOWN_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"

/* false: out of memory. */
bool breakdown_print(FILE *out, const struct run *run, const struct summary *summary);

#endif
