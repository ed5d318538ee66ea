/* Size classes: of small objects in runs, and of medium blocks of the heap.
 *
 *     class    1  2  3 ..  16 |  17  18 ..  32 |  33  34 ..     96
 *     bytes   16 32 48 .. 256 | 272 288 .. 512 | 528 592 .. 122896
 *             objects         | blocks         | blocks of more than one size
 *
 * To 512 bytes a class is one size; beyond it holds blocks from its own size up to that
 * of the next, of which there are eight for each doubling. Class 0 is that of requests
 * of 0 bytes, which has no objects, and of addresses where no run is. */
#ifndef SNUG_CLASS_H
#define SNUG_CLASS_H

#include "base/size.h"

#define SMALL_CLASS_COUNT (SMALL_LIMIT_BYTES / ALIGNMENT_BYTES + 1)

/* The smallest block that has a list. */
#define MEDIUM_FIRST_BYTES (SMALL_LIMIT_BYTES + ALIGNMENT_BYTES)

/* To this size a class is one size, of objects or of blocks. */
#define EXACT_CLASS_LIMIT_LOG2 9
#define EXACT_CLASS_LIMIT_BYTES ((size_t)1 << EXACT_CLASS_LIMIT_LOG2)
#define EXACT_CLASS_COUNT (EXACT_CLASS_LIMIT_BYTES / ALIGNMENT_BYTES + 1)
#define EXACT_REQUEST_LIMIT_BYTES (EXACT_CLASS_LIMIT_BYTES - BLOCK_HEADER_BYTES)

/* size <= EXACT_REQUEST_LIMIT_BYTES. 0 -> 0, 1..16 -> 1, 17..32 -> 2, ...; blocks have
 * a tag, too. Sizes about the limit of the small ones come in an order that nobody can
 * predict: no branch. */
static ALWAYS_INLINE size_t class_from_request(size_t size)
{
    const size_t tag = (size_t)(size > SMALL_LIMIT_BYTES) * BLOCK_HEADER_BYTES;
    return (size + tag + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES;
}

/* Bytes of an object; class > 0. */
static ALWAYS_INLINE size_t class_bytes(size_t size_class)
{
    return size_class * ALIGNMENT_BYTES;
}

/* Beyond, blocks have eight classes for each doubling, up to 128 KiB; 16 bytes more are
 * for the tag, so that powers of two are classes. */
#define MEDIUM_CLASS_SHIFT 3
#define MEDIUM_DOUBLINGS 8
#define CLASS_COUNT                                                                    \
    (EXACT_CLASS_COUNT + ((size_t)MEDIUM_DOUBLINGS << MEDIUM_CLASS_SHIFT))

static_assert(SMALL_LIMIT_BYTES <= EXACT_CLASS_LIMIT_BYTES, "no gap between");
static_assert(MEDIUM_LIMIT_BYTES <= EXACT_CLASS_LIMIT_BYTES << MEDIUM_DOUBLINGS,
              "a block up to the limit has a class");

struct medium_class {
    size_t class;
    size_t bytes; /* of its smallest block */
    size_t step;  /* to the next one's */
};

/* The class of a block of up to EXACT_CLASS_LIMIT_BYTES. */
static ALWAYS_INLINE size_t exact_class_of(size_t block_bytes)
{
    return block_bytes / ALIGNMENT_BYTES;
}

/* The class of a block beyond it, up to MEDIUM_LIMIT_BYTES. */
static ALWAYS_INLINE struct medium_class wide_class_of(size_t block_bytes)
{
    const size_t bytes = block_bytes - ALIGNMENT_BYTES;
    const unsigned log2 = floor_log2(bytes);
    const unsigned shift = log2 - MEDIUM_CLASS_SHIFT;
    /* The leading bits, a one and three more, count the classes of a doubling. */
    const size_t steps = bytes >> shift;
    return (struct medium_class){
        .class = EXACT_CLASS_COUNT +
                 (((size_t)log2 - EXACT_CLASS_LIMIT_LOG2 - 1) << MEDIUM_CLASS_SHIFT) +
                 steps,
        .bytes = (steps << shift) + ALIGNMENT_BYTES,
        .step = (size_t)1 << shift,
    };
}

/* The class that a medium block falls into. Whether that is one of one size nobody can
 * predict: no branch. */
static ALWAYS_INLINE struct medium_class medium_class_of(size_t block_bytes)
{
    const size_t bytes = block_bytes - ALIGNMENT_BYTES;
    /* A doubling of classes of one size has twice as many: as if it were two, from the
     * one before on. */
    const size_t exact = bytes < EXACT_CLASS_LIMIT_BYTES;
    const size_t log2 = floor_log2(bytes) - exact;
    const size_t shift = log2 - MEDIUM_CLASS_SHIFT;
    const size_t steps = bytes >> shift;
    return (struct medium_class){
        .class = EXACT_CLASS_COUNT +
                 ((log2 - exact - EXACT_CLASS_LIMIT_LOG2 - 1) << MEDIUM_CLASS_SHIFT) +
                 steps,
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

/* The smallest block of a class. */
static ALWAYS_INLINE size_t medium_class_bytes(size_t class)
{
    if (class < EXACT_CLASS_COUNT) {
        return class * ALIGNMENT_BYTES;
    }
    const size_t number = class - EXACT_CLASS_COUNT;
    const size_t within = number & (((size_t)1 << MEDIUM_CLASS_SHIFT) - 1);
    const size_t steps = ((size_t)1 << MEDIUM_CLASS_SHIFT) + within;
    const size_t doubling = number >> MEDIUM_CLASS_SHIFT;
    return (steps << (doubling + EXACT_CLASS_LIMIT_LOG2 - MEDIUM_CLASS_SHIFT)) +
           ALIGNMENT_BYTES;
}

#endif
