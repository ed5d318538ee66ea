/* The memory file of log.h on snugbench's side. */
#ifndef SNUGBENCH_RECORD_RINGS_H
#define SNUGBENCH_RECORD_RINGS_H

#include "record/log.h"
#include "trace/trace.h"

struct rings {
    int file;
    struct log_header *header;
};

/* This thread is the reader from then on. false with error filled in. */
bool rings_create(struct rings *rings, struct trace_error *error);

/* Writers that are left record no more. */
void rings_destroy(struct rings *rings);

/* Of the rings that processes have just come to, the one that was first, mapped. NULL:
 * there is none. */
struct log_ring *rings_take(struct rings *rings, uint32_t *number);

/* Its process records nothing. */
void rings_refuse(struct log_ring *ring);

/* Nobody writes into it any more; it is another process's. */
void rings_release(struct rings *rings, uint32_t number);

#endif
