/* A trace as the driver of a malloc lab reads it: malloc, realloc and free alone, one
 * thread, no comments, no request for 0 bytes. */
#ifndef SNUGBENCH_TRACE_FORMATS_COURSE_WRITE_H
#define SNUGBENCH_TRACE_FORMATS_COURSE_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

enum course_header {
    COURSE_CLASSIC, /* heap size, ids, operations, weight */
    COURSE_MODERN,  /* weight, ids, operations, peak payload */
};

/* What the file does not say any more, each a number of operations. */
struct course_losses {
    uint64_t callocs;    /* now mallocs of the product */
    uint64_t alignments; /* aligned allocations, now mallocs */
    uint64_t frees_of_null;
    uint64_t zero_sizes; /* now 1 byte: drivers take NULL for a failure */
    uint64_t events;     /* thread begins, ends, marks */
    uint64_t threads;    /* that are one now; 0: it was one */
    uint64_t large;      /* requests of 2^31 bytes and more, beyond a driver's int */
};

/* false with error filled in. */
bool course_write(const struct trace *trace, const char *path,
                  enum course_header header, struct course_losses *losses,
                  struct trace_error *error);

#endif
