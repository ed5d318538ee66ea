/* The recorder's hand on its ring: appends records from any thread.
 *
 * It needs no descriptor and no more address space once it has begun, and asks the
 * kernel directly, as the program may have functions of its own under libc's names.
 * errno is kept. */
#ifndef SNUGBENCH_RECORD_WRITER_H
#define SNUGBENCH_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "record/log.h"

void writer_begin(struct log_header *log, struct log_ring *ring);

/* A record, or one with a LOG_EXTRA behind it. false: nothing is recorded any more. */
bool writer_append(enum log_kind kind, const void *address, size_t size_bytes);
bool writer_append_pair(enum log_kind kind, const void *address, size_t size_bytes,
                        uint64_t extra);

/* Have snugbench look at the log now, if it sleeps. */
void writer_wake(struct log_header *log);

#endif
