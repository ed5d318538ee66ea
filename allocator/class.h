/* Size classes of small objects: one of 8 bytes, then every 16 bytes up to 512. */
#ifndef SNUG_CLASS_H
#define SNUG_CLASS_H

#include "size.h"

#define CLASS_COUNT (SMALL_LIMIT_BYTES / ALIGNMENT_BYTES + 1)

/* size <= SMALL_LIMIT_BYTES. 0..8 -> 0, 9..16 -> 1, 17..32 -> 2, ... */
static ALWAYS_INLINE unsigned class_from_request(size_t size)
{
    return (unsigned)((size + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES) -
           (size - 1 < 8 ? 1U : 0U);
}

static ALWAYS_INLINE size_t class_bytes(unsigned class)
{
    return class == 0 ? 8 : (size_t) class * ALIGNMENT_BYTES;
}

#endif
