/* Blocks by number, each with a pattern of its own. */
#ifndef SNUG_TEST_SLOTS_H
#define SNUG_TEST_SLOTS_H

#include "snug.h"

#include "child.h"
#include "pattern.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

enum {
    SLOTS = 400
};

struct slot {
    char *block;
    size_t size;
};

static struct slot slots[SLOTS];

static inline void check_slot(const struct slot *slot)
{
    CHECK(pattern_holds(slot->block, slot->size, slot->size, (size_t)(slot - slots)));
}

static inline void check_everything(void)
{
    CHECK_HEAP();
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].block != NULL) {
            check_slot(&slots[i]);
        }
    }
}

static inline void give_back(struct slot *slot)
{
    check_slot(slot);
    snug_free(slot->block);
    slot->block = NULL;
}

#endif
