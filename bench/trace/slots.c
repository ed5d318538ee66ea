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

static bool level_grow(struct slots *slots, int level, size_t words)
{
    size_t old_words = slots->level_words[level];
    if (words > old_words) {
        uint64_t *bits = reallocarray(slots->level[level], words, sizeof *bits);
        if (bits == NULL) {
            return false;
        }
        memset(bits + old_words, 0, (words - old_words) * sizeof *bits);
        slots->level[level] = bits;
        slots->level_words[level] = words;
    }
    return true;
}

static bool slots_grow(struct slots *slots)
{
    uint64_t capacity = slots->capacity == 0 ? FIRST_CAPACITY : slots->capacity * 2;
    uint64_t words = capacity;
    int levels = 0;
    do {
        words = (words + WORD_BITS - 1) / WORD_BITS;
        if (!level_grow(slots, levels, (size_t)words)) {
            return false;
        }
        levels++;
    } while (words > 1);
    /* A level that is new has above it none, and below it the one that was the last. */
    if (slots->levels > 0 && levels > slots->levels &&
        slots->level[slots->levels - 1][0] != 0) {
        slots->level[slots->levels][0] |= 1;
    }
    slots->levels = levels;
    slots->capacity = capacity;
    return true;
}

uint32_t slots_take(struct slots *slots)
{
    if (slots->next >= slots->capacity && !slots_grow(slots)) {
        return 0;
    }
    if (slots->level[slots->levels - 1][0] == 0) {
        if (slots->next > UINT32_MAX) {
            errno = ENOMEM;
            return 0;
        }
        return (uint32_t)slots->next++;
    }
    uint64_t index = 0;
    for (int k = slots->levels - 1; k >= 0; k--) {
        index = index * WORD_BITS + (uint64_t)__builtin_ctzll(slots->level[k][index]);
    }
    uint64_t bit = index;
    for (int k = 0; k < slots->levels; k++) {
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
    for (int k = 0; k < slots->levels; k++) {
        uint64_t *word = &slots->level[k][bit / WORD_BITS];
        bool had_bits = *word != 0;
        *word |= (uint64_t)1 << (bit % WORD_BITS);
        if (had_bits) {
            break;
        }
        bit /= WORD_BITS;
    }
}
