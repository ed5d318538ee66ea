#include "lock.h"

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
        int expected = LOCK_FREE;
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE &&
            atomic_compare_exchange_weak_explicit(&lock->state, &expected, LOCK_TAKEN,
                                                  memory_order_acquire,
                                                  memory_order_relaxed)) {
            return;
        }
        spin_pause();
    }
    while (atomic_exchange_explicit(&lock->state, LOCK_CONTENDED,
                                    memory_order_acquire) != LOCK_FREE) {
        os_futex_wait(&lock->state, LOCK_CONTENDED);
    }
}
