/* The recorder's hand on the log: appends records from any thread.
 *
 * Once it has begun, it needs no descriptor and no more address space: each window is
 * mapped from the one before it, by mremap. It asks the kernel directly, as the program
 * may have functions of its own under libc's names. errno is kept by writer_append. */
#ifndef SNUGBENCH_RECORD_WRITER_H
#define SNUGBENCH_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "record/log.h"

/* Begin a log for this image of the process. `log` is mapped already, `file` may be
 * closed afterwards. false: there is no room, as log->full says. */
bool writer_begin(struct log_header *log, int file);

/* false: the log is full, as its header says, and takes no more. */
bool writer_append(enum log_kind kind, const void *address, size_t size_bytes,
                   uint64_t extra);

/* Readable and writable memory. MAP_FAILED and errno on failure. */
char *writer_map(int file, int flags, uint64_t offset, size_t bytes);
void writer_unmap(void *start, size_t bytes);

#endif
