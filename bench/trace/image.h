/* The image of a trace while it is being built. Used by builder.c and seal.c alone. */
#ifndef SNUGBENCH_TRACE_IMAGE_H
#define SNUGBENCH_TRACE_IMAGE_H

#include "trace/builder.h"
#include "trace/slots.h"

struct trace_builder {
    struct trace *trace; /* in the making */
    struct slots slots;
    uint64_t op_capacity; /* operations that the mapping has room for */
    bool states_peak;
    uint64_t stated_peak_bytes;
};

#define TRACE_OPS_OFFSET 4096u

/* Resize file and mapping; header and ops may move. false: errno, nothing changed but
 * perhaps the length of the file. */
bool trace_resize_image(struct trace *trace, size_t bytes);

#endif
