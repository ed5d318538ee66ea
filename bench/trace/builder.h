/* What a trace owns only while it is being built. Used by trace.c and seal.c alone. */
#ifndef SNUGBENCH_TRACE_BUILDER_H
#define SNUGBENCH_TRACE_BUILDER_H

#include "trace/slots.h"
#include "trace/trace.h"

struct trace_builder {
    struct slots slots;
    uint64_t op_capacity; /* operations that the mapping has room for */
};

#define TRACE_OPS_OFFSET 4096u

/* Resize file and mapping; header and ops may move. false: errno, nothing changed but
 * perhaps the length of the file. */
bool trace_resize_image(struct trace *trace, size_t bytes);

#endif
