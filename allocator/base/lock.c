#include "base/lock.h"

#include <pthread.h>

#include "base/output.h"

/* The lock is held for some tens of nanoseconds: a sleep costs a hundred times that. */
#define SPINS_BEFORE_SLEEP 1000

/* lock_try for one who sleeps if it fails: whoever has the lock wakes somebody. */
static bool lock_seize(struct lock *lock)
{
    return atomic_exchange_explicit(&lock->state, LOCK_CONTENDED,
                                    memory_order_acquire) == LOCK_FREE;
}

static _Atomic(pthread_t) forking; /* 0: no thread */

void lock_note_fork(bool begins)
{
    atomic_store_explicit(&forking, begins ? pthread_self() : 0, memory_order_relaxed);
}

bool lock_wait(struct lock *lock)
{
    if (atomic_load_explicit(&forking, memory_order_relaxed) == pthread_self()) {
        return false;
    }
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE &&
            lock_try(lock)) {
            return true;
        }
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    while (!lock_seize(lock)) {
        os_futex_wait(&lock->state, LOCK_CONTENDED, NULL);
    }
    return true;
}

#define LOOKS 200

bool lock_acquire_to_look(struct lock *lock, bool *acquired)
{
    static const struct timespec millisecond = {.tv_nsec = 1000000};
    *acquired = !__libc_single_threaded;
    for (int i = 0; *acquired && !lock_seize(lock); i++) {
        if (i == LOOKS) {
            output_print("snug: a thread is inside the allocator and has its lock; "
                         "let it go on a little and try again\n");
            return false;
        }
        os_futex_wait(&lock->state, LOCK_CONTENDED, &millisecond);
    }
    return true;
}

void lock_abandon(struct lock *lock)
{
    static const struct timespec millisecond = {.tv_nsec = 1000000};
    const bool needed = !__libc_single_threaded;
    for (int i = 0; needed && i < LOOKS && !lock_seize(lock); i++) {
        os_futex_wait(&lock->state, LOCK_CONTENDED, &millisecond);
    }
    lock_release(lock, needed);
}
