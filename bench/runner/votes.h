/* A yes or no out of votes that are each a matter of luck, for searches that ask
 * hundreds of times: a random walk with two ends, the one for yes farther away, so that
 * what is not so is hardly ever taken for shown. Where a vote is yes with probability
 * p, the answer is with probability
 *
 *     p       0.3       0.4     0.5    0.6    0.75
 *     yes     0.00005   0.008   0.11   0.49   0.97 */
#ifndef SNUGBENCH_RUNNER_VOTES_H
#define SNUGBENCH_RUNNER_VOTES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    VOTES_LIMIT = 40 /* open until then: the answer is no */
};

struct votes {
    int lead; /* of yes */
    uint32_t count;
};

void votes_add(struct votes *votes, bool is_yes);

bool votes_are_open(const struct votes *votes);

/* When they are closed. */
bool votes_say_yes(const struct votes *votes);

#endif
