#include "record/forks.h"

#include <stdlib.h>

enum {
    KEPT = 64
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

static void forget_oldest(struct forks *forks)
{
    struct legacy **place = &forks->newest;
    while (*place != NULL && (*place)->next != NULL) {
        place = &(*place)->next;
    }
    legacy_destroy(*place);
    *place = NULL;
    forks->count--;
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
    if (++forks->count > KEPT) {
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
    struct legacy *found = *place;
    if (found != NULL) {
        *place = found->next;
        forks->count--;
    }
    return found;
}
