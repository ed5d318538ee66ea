#include "base/lock.h"

#include "base/output.h"

/* The lock is held for some tens of nanoseconds: a sleep costs a hundred times that. */
#define SPINS_BEFORE_SLEEP 1000

static void spin_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

void lock_wait(struct lock *lock)
{
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE &&
            lock_try(lock)) {
            return;
        }
        spin_pause();
    }
    while (atomic_exchange_explicit(&lock->state, LOCK_CONTENDED,
                                    memory_order_acquire) != LOCK_FREE) {
        os_futex_wait(&lock->state, LOCK_CONTENDED);
    }
}

#define LOOKS 200 /* a millisecond apart */

bool lock_acquire_to_look(struct lock *lock, bool *acquired)
{
    *acquired = !__libc_single_threaded;
    for (int i = 0; *acquired && !lock_try(lock); i++) {
        if (i == LOOKS) {
            output_print("snug: a thread is inside the allocator and has its lock; "
                         "let it go on a little and try again\n");
            return false;
        }
        os_sleep_ms();
    }
    return true;
}
