#include "runner/rng.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct rng rng_create(uint64_t seed)
{
    /* Neighbouring seeds must not give neighbouring states, and 0 is a fixed point. */
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u;
    state ^= state >> 29;
    struct rng rng = {.state = state != 0 ? state : 1};
    for (int i = 0; i < 8; i++) {
        rng_next(&rng);
    }
    return rng;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t x = rng->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    rng->state = x;
    return x * 0x2545f4914f6cdd1du;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    /* Values of the last, incomplete stretch would favour small results. */
    uint64_t fair_end = UINT64_MAX - UINT64_MAX % limit;
    uint64_t value = rng_next(rng);
    while (value >= fair_end) {
        value = rng_next(rng);
    }
    return value % limit;
}

void rng_shuffle(struct rng *rng, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)rng_below(rng, i);
        size_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

uint64_t rng_fresh_seed(void)
{
    uint32_t seed = 0; /* 32 bits: people type it again */
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint32_t)now.tv_nsec ^ (uint32_t)getpid();
    }
    return seed;
}
