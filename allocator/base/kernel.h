/* System calls made directly, not through libc's functions: libraries that are
 * preloaded beside this one interpose mmap, munmap, madvise or sbrk (Open MPI and UCX
 * do) and may allocate in them, while the heap lock is held and the heap is half
 * changed.
 *
 * errno is not touched: a call returns its result, or -errno. */
#ifndef SNUG_KERNEL_H
#define SNUG_KERNEL_H

#include <sys/syscall.h>

#include "base/assertions.h"

static inline long kernel_call(long number, long a, long b, long c, long d, long e,
                               long f)
{
#if defined(__x86_64__)
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth),
                       "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long call __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(first)
                     : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth),
                       "r"(sixth)
                     : "memory");
    return first;
#else
#error "kernel_call is written for x86-64 and aarch64"
#endif
}

/* Whether a result is an errno, negated. */
static inline bool kernel_failed(long result)
{
    return (unsigned long)result > -4096UL;
}

#endif
