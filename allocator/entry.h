/* What the files with entry points share: the heap lock and the layers' common gate. */
#ifndef SNUG_ENTRY_H
#define SNUG_ENTRY_H

#include "lock.h"

/* From now on requests of `bytes` and more get their own mapping. Under the lock. */
void policy_set_mmap_threshold(size_t bytes);

/* A block at a multiple of alignment (a power of two); NULL without errno on failure.
 */
void *allocate_aligned(size_t alignment, size_t size);

#endif
