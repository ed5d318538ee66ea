#include "lock.h"

#define SPINS_BEFORE_SLEEP 100

void lock_wait(struct lock *lock)
{
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        int expected = LOCK_FREE;
        if (atomic_compare_exchange_weak_explicit(&lock->state, &expected, LOCK_TAKEN,
                                                  memory_order_acquire,
                                                  memory_order_relaxed)) {
            return;
        }
    }
    while (atomic_exchange_explicit(&lock->state, LOCK_CONTENDED,
                                    memory_order_acquire) != LOCK_FREE) {
        os_futex_wait(&lock->state, LOCK_CONTENDED);
    }
}
