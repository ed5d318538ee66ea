/* Zero-size blocks: addresses 16 bytes apart in memory that cannot be accessed, so
 * that whoever reads or writes one stops at that instruction. They cost a byte each,
 * and address space once. Under the heap lock, but for zero_spans. */
#ifndef SNUG_ZERO_H
#define SNUG_ZERO_H

#include "base/assertions.h"

/* A unique address; NULL if there are too many, or no address space. */
void *zero_allocate(void);
/* Whether an address is in that memory. No lock is needed for a pointer that was handed
 * out. */
bool zero_spans(const void *ptr);
/* Whether a zero-size block lives at an address there. */
bool zero_is_live(const void *ptr);
void zero_free(const void *ptr);

#endif
