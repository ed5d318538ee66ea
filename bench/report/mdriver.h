/* The table and the index that users of a malloc lab's driver know, with the real libc
 * beside the course's allocator. */
#ifndef SNUGBENCH_REPORT_MDRIVER_H
#define SNUGBENCH_REPORT_MDRIVER_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* A table for each allocator but the floor, then the index of each but the libc. false:
 * out of memory or `out` cannot be written. */
bool report_mdriver(FILE *out, const struct run *run, const struct summary *summary);

#endif
