/* The files of a results directory, one writer each in a file of its name. */
#ifndef SNUGBENCH_REPORT_FILES_H
#define SNUGBENCH_REPORT_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/summary.h"
#include "runner/result.h"

/* Each writes header line and rows. false: the stream failed or memory is out (errno).
 */

/* One row per trace and allocator. */
bool summary_csv_write(FILE *out, const struct run *run, const struct summary *summary);

/* One row per allocator, over the traces that all of them completed. */
bool totals_csv_write(FILE *out, const struct run *run, const struct summary *summary);

/* One row per timed process. */
bool samples_csv_write(FILE *out, const struct run *run, const struct summary *summary);

/* One row per memory sample along a trace. */
bool timeline_csv_write(FILE *out, const struct run *run,
                        const struct summary *summary);

/* One row per trace, allocator, phase and kind of call. */
bool syscalls_csv_write(FILE *out, const struct run *run,
                        const struct summary *summary);

/* One row per trace, allocator, kind of operation and size class. */
bool latency_csv_write(FILE *out, const struct run *run, const struct summary *summary);

/* One row per allocator, kind of operation and percentile, over the shared traces. */
bool latency_curve_csv_write(FILE *out, const struct run *run,
                             const struct summary *summary);

/* Machine, system, allocators and how the run was made, as JSON. */
bool environment_write(FILE *out, const struct run *run, const struct summary *summary);

#endif
