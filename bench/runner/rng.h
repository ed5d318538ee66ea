/* Random numbers of the runner: the order of a round and the padding of a process.
 *
 * xorshift64*, so that a seed gives the same order on every machine. */
#ifndef SNUGBENCH_RUNNER_RNG_H
#define SNUGBENCH_RUNNER_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state; /* never 0 */
};

struct rng rng_create(uint64_t seed);
uint64_t rng_next(struct rng *rng);

/* Uniform in [0, limit), limit > 0. */
uint64_t rng_below(struct rng *rng, uint64_t limit);

/* A random order of 0..count-1 into `order`. */
void rng_shuffle(struct rng *rng, size_t *order, size_t count);

/* A seed that nobody has used before. */
uint64_t rng_fresh_seed(void);

#endif
