/* Contents that can be recognised: every byte follows from a seed and its place, so
 * that a block which overlaps another, or was copied to the wrong place, shows.
 *
 * Of a long block only the ends and a few bytes every 64 KiB, or every MiB of a very
 * long one, are written and looked at: touching all its pages would be most of a test's
 * time. */
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
    PATTERN_LONG_BYTES = 4 * 1024 * 1024, /* above, the stride is a MiB */
    PATTERN_STEP_BYTES = 16
};

/* Of eight bytes, the first at a multiple of eight. */
static inline uint64_t pattern_word(size_t place, uint64_t seed)
{
    const uint64_t x =
        (place / 8 + 1) * 0x9e3779b97f4a7c15u + seed * 0xd1b54a32d192ed03u;
    return x ^ x >> 32;
}

static inline unsigned char pattern_byte(size_t place, uint64_t seed)
{
    return (unsigned char)(pattern_word(place, seed) >> place % 8 * 8);
}

/* The end of the part with the pattern that a place is in; *next: where another one
 * begins. */
static inline size_t pattern_end(size_t place, size_t bytes, size_t *next)
{
    const size_t last = bytes - PATTERN_END_BYTES;
    const size_t stride =
        bytes <= PATTERN_LONG_BYTES ? PATTERN_STRIDE_BYTES : (size_t)1024 * 1024;
    if (bytes <= PATTERN_WHOLE_BYTES || place >= last) {
        *next = bytes;
        return bytes;
    }
    *next = place / stride * stride + stride;
    if (*next > last) {
        *next = last;
    }
    return place + (place == 0 ? (size_t)PATTERN_END_BYTES : PATTERN_STEP_BYTES);
}

/* How many bytes from a place up to the end are in one word. */
static inline size_t pattern_step(size_t place, size_t end)
{
    const size_t step = 8 - place % 8;
    return step < end - place ? step : end - place;
}

static inline void pattern_fill(void *block, size_t bytes, uint64_t seed)
{
    unsigned char *const b = block;
    for (size_t from = 0, next; from < bytes; from = next) {
        const size_t end = pattern_end(from, bytes, &next);
        for (size_t i = from, step; i < end; i += step) {
            const uint64_t word = pattern_word(i, seed) >> i % 8 * 8;
            step = pattern_step(i, end);
            if (step == sizeof word) { /* of known length: no call */
                memcpy(b + i, &word, sizeof word);
            } else {
                memcpy(b + i, &word, step);
            }
        }
    }
}

/* Whether the first `prefix` bytes are as in a block of `bytes` when it was filled. */
static inline bool pattern_holds(const void *block, size_t prefix, size_t bytes,
                                 uint64_t seed)
{
    const unsigned char *const b = block;
    for (size_t from = 0, next; from < prefix; from = next) {
        const size_t covered = pattern_end(from, bytes, &next);
        const size_t end = covered < prefix ? covered : prefix;
        for (size_t i = from, step; i < end; i += step) {
            const uint64_t word = pattern_word(i, seed) >> i % 8 * 8;
            step = pattern_step(i, end);
            if (step == sizeof word ? memcmp(b + i, &word, sizeof word) != 0
                                    : memcmp(b + i, &word, step) != 0) {
                return false;
            }
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
    for (size_t from = 0, next; from < bytes; from = next) {
        const size_t end = pattern_end(from, bytes, &next);
        for (size_t i = from; i < end; i++) {
            if (b[i] != 0) {
                return false;
            }
        }
    }
    return true;
}

#endif
