/* Pure arithmetic on sizes; overflow is excluded by REQUEST_LIMIT_BYTES before
 * rounding. */
#ifndef SNUG_SIZE_H
#define SNUG_SIZE_H

#include "base/assertions.h"

#define PAGE_BYTES ((size_t)4096) /* what protection and residency are counted in */

static ALWAYS_INLINE size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ALWAYS_INLINE size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static ALWAYS_INLINE bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static ALWAYS_INLINE size_t align_up(size_t n, size_t alignment)
{
    return (n + alignment - 1) & ~(alignment - 1);
}

static ALWAYS_INLINE size_t align_down(size_t n, size_t alignment)
{
    return n & ~(alignment - 1);
}

static ALWAYS_INLINE unsigned floor_log2(size_t n)
{
    return 63U ^ (unsigned)__builtin_clzl(n); /* one instruction, where 63 - is three */
}

/* The bytes of a tag, and of the smallest block: while nobody has that, it has a tag,
 * room for a link (heap.c: deferred free) and a footer. */
#define BLOCK_HEADER_BYTES sizeof(size_t)
#define BLOCK_MIN_BYTES ((size_t)32)

/* Bytes of the block that serves a request: request + header, rounded up to 16.
 * request <= REQUEST_LIMIT_BYTES. */
static ALWAYS_INLINE size_t block_bytes_from_request(size_t request)
{
    return request <= BLOCK_MIN_BYTES - BLOCK_HEADER_BYTES
               ? BLOCK_MIN_BYTES
               : align_up(request + BLOCK_HEADER_BYTES, ALIGNMENT_BYTES);
}

/* What is left of a free block beyond a block of so many bytes becomes a free block
 * from this size on; less stays with the block. */
static ALWAYS_INLINE size_t block_least_rest(size_t bytes)
{
    return larger(bytes / SPLIT_SHARE, BLOCK_MIN_BYTES);
}

/* A block that has grown to so many bytes will grow on: it takes so much more, half of
 * what it would keep. */
static ALWAYS_INLINE size_t block_slack(size_t bytes)
{
    return align_down(bytes / SPLIT_SHARE / 2, ALIGNMENT_BYTES);
}

#endif
