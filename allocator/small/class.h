/* Size classes: of small objects in runs, and of medium blocks of the heap.
 *
 *     class    1  2  3 ..  32 |  33  34 ..     96
 *     bytes   16 32 48 .. 512 | 528 592 .. 122896
 *             objects         | blocks
 *
 * A small class is one size; a medium one holds blocks from its own size up to that of
 * the next, of which there are eight for each doubling, up to 128 KiB. Class 0 is that
 * of requests of 0 bytes, which has no objects, and of addresses where no run is. */
#ifndef SNUG_CLASS_H
#define SNUG_CLASS_H

#include "base/size.h"

#define SMALL_CLASS_COUNT (SMALL_LIMIT_BYTES / ALIGNMENT_BYTES + 1)

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

/* 16 bytes more are for the tag, so that powers of two are classes. */
#define MEDIUM_FIRST_BYTES (SMALL_LIMIT_BYTES + ALIGNMENT_BYTES)
#define MEDIUM_CLASS_SHIFT 3
#define MEDIUM_DOUBLINGS 8
#define MEDIUM_CLASS_COUNT ((size_t)MEDIUM_DOUBLINGS << MEDIUM_CLASS_SHIFT)
#define CLASS_COUNT (SMALL_CLASS_COUNT + MEDIUM_CLASS_COUNT)

static_assert(MEDIUM_LIMIT_BYTES <= SMALL_LIMIT_BYTES << MEDIUM_DOUBLINGS,
              "a block up to the limit has a class");

struct medium_class {
    size_t class;
    size_t bytes; /* of its smallest block */
    size_t step;  /* to the next one's */
};

/* The class that a block falls into; MEDIUM_FIRST_BYTES <= block_bytes <=
 * MEDIUM_LIMIT_BYTES. */
static ALWAYS_INLINE struct medium_class medium_class_of(size_t block_bytes)
{
    const size_t bytes = block_bytes - ALIGNMENT_BYTES;
    const unsigned log2 = floor_log2(bytes);
    const unsigned shift = log2 - MEDIUM_CLASS_SHIFT;
    /* The leading bits, a one and three more, count the classes of a doubling. */
    const size_t steps = bytes >> shift;
    return (struct medium_class){
        .class = SMALL_CLASS_COUNT +
                 (((size_t)log2 - SMALL_LIMIT_LOG2 - 1) << MEDIUM_CLASS_SHIFT) + steps,
        .bytes = (steps << shift) + ALIGNMENT_BYTES,
        .step = (size_t)1 << shift,
    };
}

/* The class whose blocks are all at least this large; CLASS_COUNT: none. */
static ALWAYS_INLINE struct medium_class medium_class_for(size_t block_bytes)
{
    struct medium_class class = medium_class_of(block_bytes);
    if (class.bytes < block_bytes) {
        class.class ++;
        class.bytes += class.step;
    }
    return class;
}

/* The smallest block of a medium class. */
static ALWAYS_INLINE size_t medium_class_bytes(size_t class)
{
    const size_t number = class - SMALL_CLASS_COUNT;
    const size_t within = number & (((size_t)1 << MEDIUM_CLASS_SHIFT) - 1);
    const size_t steps = ((size_t)1 << MEDIUM_CLASS_SHIFT) + within;
    const size_t doubling = number >> MEDIUM_CLASS_SHIFT;
    return (steps << (doubling + SMALL_LIMIT_LOG2 - MEDIUM_CLASS_SHIFT)) +
           ALIGNMENT_BYTES;
}

#endif
