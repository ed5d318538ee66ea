#include "worker/futex.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Of a lock. */
enum {
    LOCK_FREE,
    LOCK_TAKEN,
    LOCK_CONTENDED, /* somebody may sleep */
};

/* Returns the result, or -errno; errno is not touched. One copy, so that the label in
 * it is one place. */
#if defined(__x86_64__)

__attribute__((noinline, noclone)) static long call(long number, long a, long b, long c)
{
    register long timeout __asm__("r10") = 0;
    long result;
    __asm__ volatile("syscall\n"
                     ".globl futex_call_end\n"
                     "futex_call_end:"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(timeout)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

__attribute__((noinline, noclone)) static long call(long number, long a, long b, long c)
{
    register long call_number __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long timeout __asm__("x3") = 0;
    __asm__ volatile("svc #0\n"
                     ".globl futex_call_end\n"
                     "futex_call_end:"
                     : "+r"(first)
                     : "r"(call_number), "r"(second), "r"(third), "r"(timeout)
                     : "memory");
    return first;
}

#else
#error "call is written for x86-64 and aarch64"
#endif

void futex_wait(const uint32_t *word, uint32_t value)
{
    call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value);
}

void futex_wake(const uint32_t *word, uint32_t count)
{
    call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count);
}

void futex_lock(uint32_t *lock)
{
    uint32_t seen = LOCK_FREE;
    if (__atomic_compare_exchange_n(lock, &seen, LOCK_TAKEN, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(lock, LOCK_CONTENDED, __ATOMIC_ACQUIRE) != LOCK_FREE) {
        futex_wait(lock, LOCK_CONTENDED);
    }
}

void futex_unlock(uint32_t *lock)
{
    if (__atomic_exchange_n(lock, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_CONTENDED) {
        futex_wake(lock, 1);
    }
}

const uint32_t *futex_of_thread(void)
{
    const uint32_t *word = NULL;
    return call(SYS_prctl, PR_GET_TID_ADDRESS, (long)&word, 0) == 0 ? word : NULL;
}

/* The kernel wakes this word as one that processes could share. */
void futex_join(const uint32_t *word)
{
    uint32_t thread;
    while ((thread = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != 0) {
        call(SYS_futex, (long)word, FUTEX_WAIT, thread);
    }
}
