/* Contents that can be recognised: every byte follows from a seed and its place, so
 * that a block which overlaps another, or was copied to the wrong place, shows.
 *
 * Of a long block only the ends and a few bytes every 64 KiB are written and looked at:
 * touching all its pages would be most of a test's time. */
#ifndef SNUG_TEST_PATTERN_H
#define SNUG_TEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    PATTERN_WHOLE_BYTES = 16 * 1024, /* blocks up to this are covered in full */
    PATTERN_END_BYTES = 4096,
    PATTERN_STRIDE_BYTES = 64 * 1024,
    PATTERN_STEP_BYTES = 16
};

static inline unsigned char pattern_byte(size_t place, uint64_t seed)
{
    const uint64_t x = (place + 1) * 0x9e3779b97f4a7c15u + seed * 0xd1b54a32d192ed03u;
    return (unsigned char)(x >> 56 ^ x >> 32);
}

/* Whether a place in a block of `bytes` carries the pattern; *next: where to go on. */
static inline bool pattern_covers(size_t place, size_t bytes, size_t *next)
{
    *next = place + 1;
    if (bytes <= PATTERN_WHOLE_BYTES || place < PATTERN_END_BYTES ||
        place >= bytes - PATTERN_END_BYTES) {
        return true;
    }
    const size_t offset = place % PATTERN_STRIDE_BYTES;
    if (offset < PATTERN_STEP_BYTES) {
        return true;
    }
    *next = place - offset + PATTERN_STRIDE_BYTES;
    if (*next > bytes - PATTERN_END_BYTES) {
        *next = bytes - PATTERN_END_BYTES;
    }
    return false;
}

static inline void pattern_fill(void *block, size_t bytes, uint64_t seed)
{
    unsigned char *const b = block;
    for (size_t i = 0, next; i < bytes; i = next) {
        if (pattern_covers(i, bytes, &next)) {
            b[i] = pattern_byte(i, seed);
        }
    }
}

/* Whether the first `prefix` bytes are as in a block of `bytes` when it was filled. */
static inline bool pattern_holds(const void *block, size_t prefix, size_t bytes,
                                 uint64_t seed)
{
    const unsigned char *const b = block;
    for (size_t i = 0, next; i < prefix; i = next) {
        if (pattern_covers(i, bytes, &next) && b[i] != pattern_byte(i, seed)) {
            return false;
        }
    }
    return true;
}

/* Every byte up to 64 KiB; beyond, the places that a pattern would have written. */
static inline bool pattern_is_zero(const void *block, size_t bytes)
{
    const unsigned char *const b = block;
    if (bytes <= PATTERN_STRIDE_BYTES) {
        return bytes == 0 || (b[0] == 0 && memcmp(b, b + 1, bytes - 1) == 0);
    }
    for (size_t i = 0, next; i < bytes; i = next) {
        if (pattern_covers(i, bytes, &next) && b[i] != 0) {
            return false;
        }
    }
    return true;
}

#endif
