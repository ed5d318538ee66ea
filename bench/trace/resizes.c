#include "trace/resizes.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 8,
    LIMIT = 4096
};

void resizes_destroy(struct resizes *resizes)
{
    free(resizes->items);
    *resizes = (struct resizes){0};
}

static void forget(struct resizes *resizes, uint32_t i)
{
    resizes->count--;
    memmove(&resizes->items[i], &resizes->items[i + 1],
            (resizes->count - i) * sizeof *resizes->items);
}

bool resizes_push(struct resizes *resizes, struct resize resize)
{
    if (resizes->count == LIMIT) {
        forget(resizes, 0);
    }
    if (resizes->count == resizes->room) {
        uint32_t room = resizes->room == 0 ? FIRST_ROOM : resizes->room * 2;
        struct resize *items = reallocarray(resizes->items, room, sizeof *items);
        if (items == NULL) {
            return false;
        }
        resizes->items = items;
        resizes->room = room;
    }
    resizes->items[resizes->count++] = resize;
    return true;
}

struct live_block resizes_pop(struct resizes *resizes, uint16_t thread)
{
    for (uint32_t i = resizes->count; i-- > 0;) {
        if (resizes->items[i].thread == thread) {
            struct live_block old = resizes->items[i].old;
            forget(resizes, i);
            return old;
        }
    }
    return (struct live_block){.address = UINT64_MAX};
}
