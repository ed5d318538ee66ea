/* A trace as Android's memory_replay reads it; its grammar is in android.c. */
#ifndef SNUGBENCH_TRACE_FORMATS_ANDROID_WRITE_H
#define SNUGBENCH_TRACE_FORMATS_ANDROID_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

/* `lost_events`: how many begins of threads and marks it does not say. false with error
 * filled in. */
bool android_write(const struct trace *trace, const char *path, uint64_t *lost_events,
                   struct trace_error *error);

#endif
