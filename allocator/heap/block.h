/* Boundary tags (Knuth 2.5): the one place that knows the bits of a tag.
 *
 *     in use:  | tag | payload ............................ |
 *     free:    | tag | ............................... | footer |
 *
 * A block in use has its size in its tag, in bytes, tag included: a multiple of 16, at
 * least BLOCK_MIN_BYTES. A free block's tag and its footer, the last eight bytes, hold
 * the number of its record (bins.h). The upper 16 bits of a tag are a checksum, its
 * lower byte is never 0. Tags stand 8 bytes before a multiple of 16. The word before a
 * tag is a footer exactly if the record that it names is of a free block that ends
 * there. Tags are written under the heap lock, that of a block in use only by who holds
 * it. */
#ifndef SNUG_BLOCK_H
#define SNUG_BLOCK_H

#include "base/object.h"
#include "base/size.h"

enum {
    BLOCK_IN_USE = 1,
    BLOCK_FREE = 2,         /* a free block, or the remains of one */
    BLOCK_NUMBER_SHIFT = 4, /* of a free block, in its tag */
    BLOCK_CHECK_SHIFT = 48
};

struct block {
    size_t tag;
};

/* Called for each of many blocks. */
typedef void block_visitor(const struct block *block, size_t bytes, void *context);

#define BLOCK_SIZE_MASK (((size_t)1 << BLOCK_CHECK_SHIFT) - ALIGNMENT_BYTES)

/* Fibonacci hashing (Knuth 6.4): the product's upper bits. The multiplier's lower ones
 * are 1: what is subtracted from a tag's upper bits is missing from the product's. */
static ALWAYS_INLINE size_t block_hash(const struct block *block, size_t tag)
{
    return (object_key(block) + tag) * 0x9e3779b97f4b0001u >> BLOCK_CHECK_SHIFT;
}

/* The tag of a block with these lower bits. */
static ALWAYS_INLINE size_t block_tag(const struct block *block, size_t low)
{
    return low - (block_hash(block, low) << BLOCK_CHECK_SHIFT);
}

static ALWAYS_INLINE bool block_checksum_is_right(const struct block *block)
{
    return block_hash(block, block->tag) == 0;
}

/* The block is in use. */
static ALWAYS_INLINE size_t block_size(const struct block *block)
{
    return block->tag & BLOCK_SIZE_MASK;
}

static ALWAYS_INLINE bool block_is_in_use(const struct block *block)
{
    return (block->tag & BLOCK_IN_USE) != 0;
}

static ALWAYS_INLINE void block_set_in_use(struct block *block, size_t bytes)
{
    block->tag = block_tag(block, bytes | BLOCK_IN_USE);
}

/* Where a free block began that has become part of another: a second free is noticed.
 */
static ALWAYS_INLINE void block_invalidate(struct block *block)
{
    block->tag = BLOCK_FREE;
}

static ALWAYS_INLINE bool block_is_invalidated(const struct block *block)
{
    return block->tag == BLOCK_FREE;
}

/* Record 0: what stands behind the last block. */
static ALWAYS_INLINE void block_set_free(struct block *block, uint32_t record)
{
    block->tag = block_tag(block, (size_t)record << BLOCK_NUMBER_SHIFT | BLOCK_FREE);
}

/* The number in the tag of a free block. */
static ALWAYS_INLINE uint32_t block_record(const struct block *block)
{
    return (uint32_t)(block->tag >> BLOCK_NUMBER_SHIFT);
}

static ALWAYS_INLINE void *block_payload(struct block *block)
{
    return (char *)block + BLOCK_HEADER_BYTES;
}

static ALWAYS_INLINE size_t block_payload_bytes(const struct block *block)
{
    return block_size(block) - BLOCK_HEADER_BYTES;
}

/* The caller has made sure that the payload is one (api/pointer.h). */
static ALWAYS_INLINE struct block *block_from_payload(const void *payload)
{
    return (struct block *)((uintptr_t)payload - BLOCK_HEADER_BYTES);
}

static ALWAYS_INLINE struct block *block_at(const struct block *block, size_t offset)
{
    return (struct block *)((uintptr_t)block + offset);
}

/* The word before a block's tag, a footer or the end of a payload. */
static ALWAYS_INLINE size_t *block_word_before(const struct block *block)
{
    return (size_t *)((uintptr_t)block - sizeof(size_t));
}

/* What stands there: perhaps the end of a payload, which means nothing. */
static READS_OF_OTHERS size_t block_read_word_before(const struct block *block)
{
    return *block_word_before(block);
}

/* Whether a block is in use and of some size, by its tag and without the lock; *bytes
 * is that size then. first, last: multiples of 16. */
static ALWAYS_INLINE bool block_is_within(const struct block *block, size_t first,
                                          size_t last, size_t *bytes)
{
    const size_t tag = __atomic_load_n(&block->tag, __ATOMIC_RELAXED);
    const size_t low = tag << (64 - BLOCK_CHECK_SHIFT) >> (64 - BLOCK_CHECK_SHIFT);
    /* One comparison: of a tag that is not in use the rotated number is larger than
     * any. */
    const size_t beyond = low - BLOCK_IN_USE - first;
    *bytes = low - BLOCK_IN_USE;
    return (beyond >> 4 | beyond << 60) <= (last - first) / ALIGNMENT_BYTES &&
           block_hash(block, tag) == 0;
}

#endif
