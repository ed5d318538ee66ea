/* How the threads of a replay wait for each other.
 *
 * All system calls of it are made by one instruction, so that the tracer can tell them
 * from the allocator's and leave them out of its counts: it knows them by
 * futex_call_end, the address at which the kernel returns. */
#ifndef SNUGBENCH_WORKER_FUTEX_H
#define SNUGBENCH_WORKER_FUTEX_H

#include <stdint.h>

extern const char futex_call_end[] __attribute__((visibility("hidden")));

/* Sleeps while *word is `value`; may return earlier. */
void futex_wait(const uint32_t *word, uint32_t value);

/* Wakes up to `count` of those that sleep on the word. */
void futex_wake(const uint32_t *word, uint32_t count);

/* A lock is a word that begins as 0. */
void futex_lock(uint32_t *lock);
void futex_unlock(uint32_t *lock);

/* The word of the calling thread that the kernel sets to 0 when the thread is gone.
 * NULL: this kernel does not tell (CONFIG_CHECKPOINT_RESTORE). */
const uint32_t *futex_of_thread(void);

/* Sleeps until the thread with this word is gone: pthread_join then makes no call. */
void futex_join(const uint32_t *word);

#endif
