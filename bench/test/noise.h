/* Figures as a machine gives them, made by the seed. */
#ifndef SNUGBENCH_TEST_NOISE_H
#define SNUGBENCH_TEST_NOISE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/statistics.h"

static inline double uniform(uint64_t *state)
{
    return (double)(statistics_random(state) >> 11) * 0x1p-53;
}

/* Near normal (a sum of 12), around `middle` with spread `sigma`. */
static inline void fill_noisy(double *values, size_t count, double middle, double sigma,
                              uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int k = 0; k < 12; k++) {
            sum += uniform(state);
        }
        values[i] = middle + sigma * (sum - 6);
    }
}

/* Ratios of an allocator on one trace, `effect` slower in the logarithm; each the
 * quotient of two processes' times. `tail` > 0: some processes are disturbed. */
static inline void fill_ratios(double *ratios, size_t count, double effect,
                               double spread, double tail, uint64_t *noise)
{
    for (size_t i = 0; i < count; i++) {
        double sides[2];
        for (int side = 0; side < 2; side++) {
            sides[side] = spread * M_SQRT1_2 * statistics_random_normal(noise);
            if (uniform(noise) < tail) {
                sides[side] += 0.1 * uniform(noise);
            }
        }
        ratios[i] = exp(sides[0] - sides[1] - effect);
    }
}

#endif
