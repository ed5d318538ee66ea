/* The line that says what went wrong, written into the record without stdio: vsnprintf
 * may allocate, and the allocator below may just have been found broken. */
#ifndef SNUGBENCH_WORKER_MESSAGE_H
#define SNUGBENCH_WORKER_MESSAGE_H

#include "trace/op.h"
#include "worker/record.h"

/* Append to the record's message. Knows %s, %lu and %p and nothing else; what does not
 * fit is cut off. */
void message_add(struct worker_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append "malloc(24)". */
void message_add_call(struct worker_record *record, const struct trace_op *op);

#endif
