/* Pseudo-random numbers that are the same on every machine: integers only.
 *
 * splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * 2014): the whole state is a counter, any seed is good. */
#ifndef SNUGBENCH_TRACE_RANDOM_H
#define SNUGBENCH_TRACE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in [0, limit), limit > 0; the bias of limit / 2^64 does not matter here. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)random_next(random) * limit) >> 64);
}

/* Uniform in [min, max]. */
static inline uint64_t random_between(struct random *random, uint64_t min, uint64_t max)
{
    return min + random_below(random, max - min + 1);
}

#endif
