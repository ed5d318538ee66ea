/* The clock by which runs are timed from outside, deadlines and progress are kept. */
#ifndef SNUGBENCH_PROCESS_CLOCK_H
#define SNUGBENCH_PROCESS_CLOCK_H

#include <stdint.h>

enum {
    NS_PER_SECOND = 1000000000
};

/* CLOCK_MONOTONIC. */
uint64_t clock_now_ns(void);

/* Seconds since `start_ns`. */
double clock_seconds_since(uint64_t start_ns);

#endif
