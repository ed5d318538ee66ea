#include "base/lock.h"

#include <sched.h>

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

#define LOOK_PATIENCE_NS ((uint64_t)200 * 1000 * 1000)

bool lock_acquire_to_look(struct lock *lock, bool *acquired)
{
    const uint64_t begin = os_now_ns();
    *acquired = !__libc_single_threaded;
    int expected = LOCK_FREE;
    while (*acquired &&
           !atomic_compare_exchange_strong(&lock->state, &expected, LOCK_TAKEN)) {
        if (os_now_ns() - begin > LOOK_PATIENCE_NS) {
            output_print("snug: a thread is inside the allocator and has its lock; "
                         "let it go on a little and try again\n");
            return false;
        }
        expected = LOCK_FREE;
        sched_yield();
    }
    return true;
}
