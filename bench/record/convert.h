/* From the raw log of a recording to a trace: addresses become slots.
 *
 * What cannot be replayed is dropped or repaired, counted, and told in the trace's
 * notes: frees of blocks from before the recording, reallocs of such blocks (they
 * become mallocs), blocks handed out again although no free was seen. */
#ifndef SNUGBENCH_RECORD_CONVERT_H
#define SNUGBENCH_RECORD_CONVERT_H

#include "record/log.h"
#include "trace/trace.h"

/* A sealed trace named `name`. NULL: the error is filled in. O(calls). */
struct trace *convert_log(struct log_header *log, const char *name,
                          struct trace_error *error);

#endif
