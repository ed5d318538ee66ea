/* Parts a sealed trace into the streams of its threads (stream.h). */
#ifndef SNUGBENCH_TRACE_STREAMS_H
#define SNUGBENCH_TRACE_STREAMS_H

#include <stddef.h>

#include "trace/stream.h"
#include "trace/trace.h"

struct streams {
    int memfd;
    size_t mapped_bytes;
    struct stream_header *header; /* start of the mapping */
};

/* NULL: out of memory (`error`). O(operations). The trace may be dropped afterwards. */
struct streams *streams_create(const struct trace *trace, struct trace_error *error);
void streams_destroy(struct streams *streams);

#endif
