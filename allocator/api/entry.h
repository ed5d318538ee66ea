/* What the files with entry points share: the heap lock and the layers' common gate. */
#ifndef SNUG_ENTRY_H
#define SNUG_ENTRY_H

#include "base/lock.h"
#include "heap/heap.h"

/* Which blocks get mappings of their own. Under the lock. */
struct policy {
    size_t mmap_threshold_bytes; /* 0: not settled yet: every size is looked at */
    bool no_mappings;            /* none does */
};
extern OUR_OWN struct policy policy;

/* Those of `bytes` and more, from now on. */
void policy_set_mmap_threshold(size_t bytes);

/* NULL, with errno ENOMEM. */
COLD_CODE void *out_of_memory(void);

/* mlockall and munlockall (POSIX), with the heap's reserve given back before. */
int reserve_mlockall(int flags);
int reserve_munlockall(void);

/* A block at a multiple of alignment (a power of two); NULL: no memory. */
void *allocate_aligned(size_t alignment, size_t size);

/* Takes the locks around each fork from now on, once. Whoever is first comes last
 * before a fork, and first after it. */
void fork_watch(void);

/* glibc's, which pthread_atfork calls; of that each library has a copy, here on a page
 * that nothing else at the start touches. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming) */
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                      void *library);

#endif
