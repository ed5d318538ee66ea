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

/* End the process for a pointer into a run, but not where an object begins (foreign),
 * or to an object that is free already (freed). */
COLD_CODE _Noreturn void misused_object(struct map_entry entry, const void *ptr,
                                        const char *freed, const char *foreign);

/* The one gate from a pointer of the program's to a live heap block: its tag says that
 * it is in use, and no canary that a list has it. */
static ALWAYS_INLINE struct block *live_block(const void *ptr, const char *misuse)
{
    struct block *const block = block_from_payload(ptr);
    REQUIRE(block_is_in_use(block) && !object_is_free(ptr), misuse, ptr);
    return block;
}

/* The same without the lock, for a block of the newest region; NULL: the gates of all
 * regions and kinds must look. */
static ALWAYS_INLINE struct block *own_block(const void *ptr)
{
    if (!heap_spans(ptr)) {
        return NULL;
    }
    struct block *const block = block_from_payload(ptr);
    return block_size_unlocked(block) != 0 && LIKELY(block_checksum_is_right(block))
               ? block
               : NULL;
}

/* mlockall and munlockall (POSIX), with the heap's reserve given back before. */
int reserve_mlockall(int flags);
int reserve_munlockall(void);

/* A block at a multiple of alignment (a power of two); NULL: no memory, and errno is
 * anything. */
void *allocate_aligned(size_t alignment, size_t size);

#endif
