/* Size classes of small objects: 8 bytes, then every 16 bytes up to 512.
 *
 * Class 0 is no class. Requests of 0 bytes have a class to themselves (1), since that
 * makes the class of a request four instructions without a branch. */
#ifndef SNUG_CLASS_H
#define SNUG_CLASS_H

#include "size.h"

#define CLASS_COUNT (SMALL_LIMIT_BYTES / ALIGNMENT_BYTES + 3)

/* size <= SMALL_LIMIT_BYTES. 0 -> 1, 1..8 -> 2, 9..16 -> 3, 17..32 -> 4, ... */
static ALWAYS_INLINE size_t class_from_request(size_t size)
{
    return (size + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES + 2 - (size < 9 ? 1 : 0);
}

/* Bytes of an object; class > 0. */
static ALWAYS_INLINE size_t class_bytes(size_t size_class)
{
    return size_class < 3 ? 8 : (size_class - 2) * ALIGNMENT_BYTES;
}

#endif
