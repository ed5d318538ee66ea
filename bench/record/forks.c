#include "record/forks.h"

#include <stdlib.h>

enum {
    KEPT = 256, /* as many children as can be on record at a time */
    KEPT_LARGE = 64,
    LARGE_BLOCKS = 1 << 24, /* 400 MB; from there on fewer are kept */
};

void legacy_destroy(struct legacy *legacy)
{
    if (legacy != NULL) {
        free(legacy->blocks);
        free(legacy);
    }
}

void forks_destroy(struct forks *forks)
{
    while (forks->newest != NULL) {
        struct legacy *next = forks->newest->next;
        legacy_destroy(forks->newest);
        forks->newest = next;
    }
}

/* NULL where none stands at the place. */
static struct legacy *take_out(struct forks *forks, struct legacy **place)
{
    struct legacy *legacy = *place;
    if (legacy != NULL) {
        *place = legacy->next;
        forks->count--;
        forks->block_count -= legacy->count;
    }
    return legacy;
}

static void forget_oldest(struct forks *forks)
{
    struct legacy **place = &forks->newest;
    while (*place != NULL && (*place)->next != NULL) {
        place = &(*place)->next;
    }
    legacy_destroy(take_out(forks, place));
}

bool forks_keep(struct forks *forks, uint32_t fork, const struct addresses *live)
{
    struct legacy *legacy = malloc(sizeof *legacy);
    struct live_block *blocks = addresses_list(live);
    if (legacy == NULL || blocks == NULL) {
        free(legacy);
        free(blocks);
        return false;
    }
    *legacy = (struct legacy){fork, blocks, live->count, forks->newest};
    forks->newest = legacy;
    forks->count++;
    forks->block_count += live->count;
    while (forks->count > KEPT ||
           (forks->count > KEPT_LARGE && forks->block_count > LARGE_BLOCKS)) {
        forget_oldest(forks);
    }
    return true;
}

struct legacy *forks_take(struct forks *forks, uint32_t fork)
{
    struct legacy **place = &forks->newest;
    while (*place != NULL && (*place)->fork != fork) {
        place = &(*place)->next;
    }
    return take_out(forks, place);
}
