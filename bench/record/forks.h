/* What processes had live when they forked, until the child is met. */
#ifndef SNUGBENCH_RECORD_FORKS_H
#define SNUGBENCH_RECORD_FORKS_H

#include "trace/addresses.h"

struct legacy {
    uint32_t fork; /* as the log counts them */
    struct live_block *blocks;
    uint64_t count;
    struct legacy *next; /* the one before it */
};

struct forks {
    struct legacy *newest;
    uint32_t count;
    uint64_t block_count; /* of all of them */
};

/* Keeps a copy; of children that never came, the oldest are forgotten. false: out of
 * memory. */
bool forks_keep(struct forks *forks, uint32_t fork, const struct addresses *live);

/* NULL: not met (yet). */
struct legacy *forks_take(struct forks *forks, uint32_t fork);
void legacy_destroy(struct legacy *legacy);

void forks_destroy(struct forks *forks);

#endif
