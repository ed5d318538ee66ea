/* Random numbers of the runner: the order of a round and the padding of a process.
 *
 * xorshift64*, so that a seed gives the same order on every machine. */
#ifndef SNUGBENCH_RUNNER_DICE_H
#define SNUGBENCH_RUNNER_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state; /* never 0 */
};

struct dice dice_create(uint64_t seed);
uint64_t dice_roll(struct dice *dice);

/* Uniform in [0, limit), limit > 0. */
uint64_t dice_below(struct dice *dice, uint64_t limit);

/* A random order of 0..count-1 into `order`. */
void dice_shuffle(struct dice *dice, size_t *order, size_t count);

/* A seed that nobody has used before. */
uint64_t dice_fresh_seed(void);

#endif
