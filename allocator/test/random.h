/* Numbers that look random and are the same every time: splitmix64 (Steele, Lea, Flood
 * 2014). A generator belongs to one thread. */
#ifndef SNUG_TEST_RANDOM_H
#define SNUG_TEST_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t x = random->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* 0 .. limit - 1; the bias of the remainder does not matter here. */
static inline size_t random_below(struct random *random, size_t limit)
{
    return (size_t)(random_next(random) % limit);
}

/* 0 .. 2^bits, each power of two as likely as any other: many small, few large. */
static inline size_t random_size(struct random *random, unsigned bits)
{
    const size_t power = (size_t)1 << random_below(random, bits + 1);
    return power / 2 + random_below(random, power - power / 2 + 1);
}

/* Fisher and Yates. */
static inline void random_shuffle(struct random *random, size_t *numbers, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = random_below(random, i);
        const size_t number = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = number;
    }
}

#endif
