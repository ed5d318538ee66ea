#include "trace/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_BITS = 64,
    FIRST_CAPACITY = 4096
};

void slots_init(struct slots *slots)
{
    *slots = (struct slots){.next = 1};
}

void slots_destroy(struct slots *slots)
{
    for (int k = 0; k < SLOTS_LEVELS; k++) {
        free(slots->level[k]);
    }
    *slots = (struct slots){0};
}

static bool slots_grow(struct slots *slots)
{
    uint64_t capacity = slots->capacity == 0 ? FIRST_CAPACITY : slots->capacity * 2;
    uint64_t bits = capacity;
    slots->top = SLOTS_LEVELS - 1;
    for (int k = 0; k < SLOTS_LEVELS; k++) {
        size_t words = (size_t)((bits + WORD_BITS - 1) / WORD_BITS);
        size_t old_words = slots->level_words[k];
        if (words > old_words) {
            uint64_t *level = reallocarray(slots->level[k], words, sizeof *level);
            if (level == NULL) {
                return false;
            }
            memset(level + old_words, 0, (words - old_words) * sizeof *level);
            slots->level[k] = level;
            slots->level_words[k] = words;
        }
        if (words == 1 && k < slots->top) {
            slots->top = k;
        }
        bits = words;
    }
    slots->capacity = capacity;
    return true;
}

uint32_t slots_take(struct slots *slots)
{
    if (slots->next >= slots->capacity && !slots_grow(slots)) {
        return 0;
    }
    if (slots->level[slots->top][0] == 0) {
        if (slots->next > UINT32_MAX) {
            errno = ENOMEM;
            return 0;
        }
        return (uint32_t)slots->next++;
    }
    uint64_t index = 0;
    for (int k = slots->top; k >= 0; k--) {
        index = index * WORD_BITS + (uint64_t)__builtin_ctzll(slots->level[k][index]);
    }
    uint64_t bit = index;
    for (int k = 0; k < SLOTS_LEVELS; k++) {
        uint64_t *word = &slots->level[k][bit / WORD_BITS];
        *word &= ~((uint64_t)1 << (bit % WORD_BITS));
        if (*word != 0) {
            break;
        }
        bit /= WORD_BITS;
    }
    return (uint32_t)index;
}

void slots_release(struct slots *slots, uint32_t slot)
{
    uint64_t bit = slot;
    for (int k = 0; k < SLOTS_LEVELS; k++) {
        uint64_t *word = &slots->level[k][bit / WORD_BITS];
        bool had_bits = *word != 0;
        *word |= (uint64_t)1 << (bit % WORD_BITS);
        if (had_bits) {
            break;
        }
        bit /= WORD_BITS;
    }
}
