/* Where malloc comes from in this process: a preload that failed must not be measured
 * as if it had worked. */
#ifndef SNUGBENCH_WORKER_LIBRARY_H
#define SNUGBENCH_WORKER_LIBRARY_H

#include <stdbool.h>

#include "worker/job.h"

/* Fill in malloc_library; false: malloc, or a call the trace needs beside it, comes
 * from elsewhere than the record expects (status and message are set). */
bool library_check(struct job *job);

/* Whether malloc_usable_size belongs to the same library as malloc; the libc's own
 * would read another allocator's headers. A course's allocator has no answer. */
bool library_has_usable_size(const struct job *job);

/* Of a course's allocator (is_lab): the alignment that its course asks for, and the
 * extent of its heap. */
uint64_t library_lab_alignment_bytes(void);
uint64_t library_lab_heap_bytes(void);

/* Of the floor, once it is opened (false: it has no such functions), and without effect
 * on others: the calling thread's blocks come from a part of their own, so that threads
 * do not write to each other's; and what it allocates by calloc is kept apart in
 * `memory`, until that is NULL. */
bool library_open_floor(void);
void library_floor_part(uint32_t part);
void library_floor_keep(void *memory, size_t bytes);

#endif
