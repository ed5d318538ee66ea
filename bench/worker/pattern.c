#include "worker/pattern.h"

#include <string.h>

enum {
    WORD_BYTES = 8,
};

#define WORD_STEP 0x9e3779b97f4a7c15u

uint64_t pattern_seed(uint32_t slot, uint64_t number)
{
    uint64_t seed = (number ^ (uint64_t)slot << 32) * 0xd6e8feb86659fd93u;
    return seed ^ seed >> 32;
}

/* The word that covers byte `offset`, a multiple of 8. */
static uint64_t word_at(uint64_t seed, uint64_t offset)
{
    return seed + offset / WORD_BYTES * WORD_STEP;
}

void pattern_fill(unsigned char *block, uint64_t from, uint64_t to, uint64_t seed)
{
    uint64_t offset = from - from % WORD_BYTES;
    uint64_t word = word_at(seed, offset);
    for (; offset + WORD_BYTES <= to; offset += WORD_BYTES) {
        memcpy(block + offset, &word, WORD_BYTES);
        word += WORD_STEP;
    }
    if (offset < to) {
        memcpy(block + offset, &word, to - offset);
    }
}

/* The first byte in [from, to) where the block differs from `word` + k * `step`. */
static uint64_t mismatch(const unsigned char *block, uint64_t from, uint64_t to,
                         uint64_t word, uint64_t step)
{
    uint64_t offset = from - from % WORD_BYTES;
    uint64_t found;
    for (; offset + WORD_BYTES <= to; offset += WORD_BYTES) {
        memcpy(&found, block + offset, WORD_BYTES);
        if (found != word) {
            break;
        }
        word += step;
    }
    for (; offset < to; offset++) {
        unsigned char expected;
        memcpy(&expected, (unsigned char *)&word + offset % WORD_BYTES, 1);
        if (offset >= from && block[offset] != expected) {
            return offset;
        }
        if (offset % WORD_BYTES == WORD_BYTES - 1) {
            word += step; /* only bytes before `from` differed in this word */
        }
    }
    return to;
}

uint64_t pattern_mismatch(const unsigned char *block, uint64_t from, uint64_t to,
                          uint64_t seed)
{
    return mismatch(block, from, to, word_at(seed, from - from % WORD_BYTES),
                    WORD_STEP);
}

uint64_t pattern_nonzero(const unsigned char *block, uint64_t bytes)
{
    return mismatch(block, 0, bytes, 0, 0);
}
