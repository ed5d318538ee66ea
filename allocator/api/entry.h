/* What the files with entry points share: the heap lock and the layers' common gate. */
#ifndef SNUG_ENTRY_H
#define SNUG_ENTRY_H

#include "base/lock.h"
#include "heap/heap.h"

/* From now on requests of `bytes` and more get their own mapping. Under the lock. */
void policy_set_mmap_threshold(size_t bytes);

size_t policy_mmap_threshold(void);

/* Whether blocks may get mappings at all. Under the lock. */
void policy_allow_mappings(bool allow);

/* NULL, with errno ENOMEM. */
COLD_CODE void *out_of_memory(void);

/* mlockall and munlockall (POSIX), with the heap's reserve given back before. */
int reserve_mlockall(int flags);
int reserve_munlockall(void);

/* A block at a multiple of alignment (a power of two); NULL: no memory, and errno is
 * anything. */
void *allocate_aligned(size_t alignment, size_t size);

#endif
