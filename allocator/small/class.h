/* Size classes: of small objects, and of the medium blocks that threads share.
 *
 * Small: every 16 bytes up to 512. Class 0 is that of requests of 0 bytes, which has no
 * objects, and of addresses where no run is. */
#ifndef SNUG_CLASS_H
#define SNUG_CLASS_H

#include "base/size.h"

#define CLASS_COUNT (SMALL_LIMIT_BYTES / ALIGNMENT_BYTES + 1)

/* size <= SMALL_LIMIT_BYTES. 0 -> 0, 1..16 -> 1, 17..32 -> 2, ... */
static ALWAYS_INLINE size_t class_from_request(size_t size)
{
    return (size + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES;
}

/* Bytes of an object; class > 0. */
static ALWAYS_INLINE size_t class_bytes(size_t size_class)
{
    return size_class * ALIGNMENT_BYTES;
}

/* Medium: eight for each doubling, from blocks of 528 bytes to 32 KiB, and 16 bytes
 * more for the tag, so that powers of two are classes. A class holds blocks from its
 * own size up to that of the next. */
#define MEDIUM_CLASS_SHIFT 3
#define MEDIUM_FIRST_LOG2 9
#define MEDIUM_DOUBLINGS 6
#define MEDIUM_CLASS_COUNT (((size_t)MEDIUM_DOUBLINGS << MEDIUM_CLASS_SHIFT) + 1)

static_assert(SMALL_LIMIT_BYTES == (size_t)1 << MEDIUM_FIRST_LOG2, "no gap between");

/* The class that a block falls into, from 0; block_bytes > SMALL_LIMIT_BYTES + 8.
 * MEDIUM_CLASS_COUNT and more: none. */
static ALWAYS_INLINE size_t medium_class(size_t block_bytes)
{
    const size_t bytes = block_bytes - ALIGNMENT_BYTES;
    const unsigned log2 = floor_log2(bytes);
    /* The leading bits, a one and three more, count the classes of a doubling. */
    return (((size_t)log2 - MEDIUM_FIRST_LOG2 - 1) << MEDIUM_CLASS_SHIFT) +
           (bytes >> (log2 - MEDIUM_CLASS_SHIFT));
}

/* The class whose blocks are all at least this large. */
static ALWAYS_INLINE size_t medium_class_for(size_t block_bytes)
{
    return medium_class(block_bytes - 1) + 1;
}

/* The smallest block of a class. */
static ALWAYS_INLINE size_t medium_class_bytes(size_t class)
{
    const size_t within = class & (((size_t)1 << MEDIUM_CLASS_SHIFT) - 1);
    const size_t steps = ((size_t)1 << MEDIUM_CLASS_SHIFT) + within;
    const size_t doubling = class >> MEDIUM_CLASS_SHIFT;
    return (steps << (doubling + MEDIUM_FIRST_LOG2 - MEDIUM_CLASS_SHIFT)) +
           ALIGNMENT_BYTES;
}

#endif
