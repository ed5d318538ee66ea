/* The clocks that stand around a single call. */
#ifndef SNUGBENCH_WORKER_TICKS_H
#define SNUGBENCH_WORKER_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

static inline uint64_t ticks_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#ifdef __x86_64__

/* rdtscp waits for what stands before it, lfence keeps back what stands behind it:
 * cpuid, which does both, costs 6.6 us in virtual machines. */
static inline uint64_t ticks_tsc(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
    return (uint64_t)high << 32 | low;
}

/* Whether it runs at one rate, whatever the processor's own frequency and sleep. */
static inline bool ticks_has_tsc(void)
{
    enum {
        HAS_RDTSCP = 1 << 27,  /* leaf 0x80000001, edx */
        IS_INVARIANT = 1 << 8, /* leaf 0x80000007, edx */
    };
    unsigned a;
    unsigned b;
    unsigned c;
    unsigned d;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (d & HAS_RDTSCP) != 0 &&
           __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & IS_INVARIANT) != 0;
}

#else

/* Elsewhere clock_gettime reads the same counter as we could. */
static inline uint64_t ticks_tsc(void)
{
    return ticks_monotonic();
}

static inline bool ticks_has_tsc(void)
{
    return false;
}

#endif

#endif
