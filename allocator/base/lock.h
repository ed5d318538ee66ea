/* The lock over the heap: a futex word (Drepper, Futexes Are Tricky, mutex 2), skipped
 * while the process has one thread. libc clears __libc_single_threaded for good before
 * a second thread runs, so acquire tells release what it did. */
#ifndef SNUG_LOCK_H
#define SNUG_LOCK_H

#include <sys/single_threaded.h>

#include "base/os.h"

enum lock_state {
    LOCK_FREE,
    LOCK_TAKEN,
    LOCK_CONTENDED
};

struct lock {
    atomic_int state; /* enum lock_state */
};

/* Protects the heap, its bins, map and runs, the table of mappings and the policy. */
extern OUR_OWN struct lock heap_lock;

/* lock_acquire for one who found the lock taken. */
COLD_CODE bool lock_wait(struct lock *lock);

/* Whether this thread has all locks in order to fork, until it gives them back:
 * handlers of others run meanwhile and may allocate, so it needs no lock. */
void lock_note_fork(bool begins);

static ALWAYS_INLINE bool lock_try(struct lock *lock)
{
    int expected = LOCK_FREE;
    return atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_TAKEN,
                                                   memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Returns what lock_release needs to know: whether the lock was needed at all. */
static ALWAYS_INLINE bool lock_acquire(struct lock *lock)
{
    if (LIKELY(__libc_single_threaded)) {
        return false;
    }
    return LIKELY(lock_try(lock)) || lock_wait(lock);
}

/* For what a person calls, maybe from a debugger that has stopped the thread with the
 * lock: waits for a fifth of a second, then says so on stderr and returns false. */
COLD_CODE bool lock_acquire_to_look(struct lock *lock, bool *acquired);

/* For who ends the process, maybe with the lock: what handles SIGABRT may allocate and
 * fork. Another thread gets a fifth of a second to give it back. */
COLD_CODE void lock_abandon(struct lock *lock);

static ALWAYS_INLINE void lock_release(struct lock *lock, bool acquired)
{
    if (acquired &&
        UNLIKELY(atomic_exchange_explicit(&lock->state, LOCK_FREE,
                                          memory_order_release) == LOCK_CONTENDED)) {
        os_futex_wake(&lock->state);
    }
}

#endif
