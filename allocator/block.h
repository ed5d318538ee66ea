/* Boundary tags (Knuth 2.5): the one place that knows the bits of a header.
 *
 *     in use:  | tag | payload ............................ |
 *     free:    | tag | next | previous | ...       | footer |
 *
 * The tag is the block's size in bytes, a multiple of 16, header included, with two
 * flags in its low bits. A free block repeats its size in its last eight bytes (the
 * footer), so that the block after it can find its start; a block in use has no footer,
 * its payload reaches to the next tag. Tags stand 8 bytes before a multiple of 16, so
 * payloads are aligned to 16. Sizes are at least BLOCK_MIN_BYTES.
 *
 * Invariants, for neighbours a, b in address order:
 *     block_next(a) == b
 *     block_is_previous_in_use(b) == block_is_in_use(a)
 *     !block_is_in_use(a) => block_is_in_use(b), and footer(a) == block_size(a)
 * All of it is protected by the heap lock. */
#ifndef SNUG_BLOCK_H
#define SNUG_BLOCK_H

#include "size.h"

enum block_flag {
    BLOCK_IN_USE = 1,
    BLOCK_PREVIOUS_IN_USE = 2,
    BLOCK_FLAGS = 15
};

struct block {
    size_t tag;
    /* In a free block only. Blocks of one size form a doubly linked list. */
    struct block *next;
    struct block *previous;
};

static ALWAYS_INLINE size_t block_size(const struct block *block)
{
    return block->tag & ~(size_t)BLOCK_FLAGS;
}

static ALWAYS_INLINE bool block_is_in_use(const struct block *block)
{
    return (block->tag & BLOCK_IN_USE) != 0;
}

static ALWAYS_INLINE bool block_is_previous_in_use(const struct block *block)
{
    return (block->tag & BLOCK_PREVIOUS_IN_USE) != 0;
}

static ALWAYS_INLINE void *block_payload(struct block *block)
{
    return (char *)block + BLOCK_HEADER_BYTES;
}

static ALWAYS_INLINE size_t block_payload_bytes(const struct block *block)
{
    return block_size(block) - BLOCK_HEADER_BYTES;
}

/* The caller has made sure that the payload is one (the gate in malloc.c). */
static ALWAYS_INLINE struct block *block_from_payload(const void *payload)
{
    return (struct block *)((uintptr_t)payload - BLOCK_HEADER_BYTES);
}

static ALWAYS_INLINE struct block *block_at(const struct block *block, size_t offset)
{
    return (struct block *)((uintptr_t)block + offset);
}

static ALWAYS_INLINE struct block *block_next(const struct block *block)
{
    return block_at(block, block_size(block));
}

/* Size of the free block before this one: its footer. Only if previous is not in use.
 */
static ALWAYS_INLINE size_t block_previous_size(const struct block *block)
{
    return ((const size_t *)block)[-1];
}

static ALWAYS_INLINE struct block *block_previous(const struct block *block)
{
    return (struct block *)((uintptr_t)block - block_previous_size(block));
}

static ALWAYS_INLINE void block_set_footer(struct block *block, size_t bytes)
{
    *(size_t *)((uintptr_t)block + bytes - sizeof(size_t)) = bytes;
}

static ALWAYS_INLINE size_t block_footer(const struct block *block)
{
    return *(const size_t *)((uintptr_t)block + block_size(block) - sizeof(size_t));
}

/* Write a whole tag; the previous block is in use (free blocks never touch). */
static ALWAYS_INLINE void block_set_in_use(struct block *block, size_t bytes)
{
    block->tag = bytes | BLOCK_IN_USE | BLOCK_PREVIOUS_IN_USE;
}

static ALWAYS_INLINE void block_set_free(struct block *block, size_t bytes)
{
    block->tag = bytes | BLOCK_PREVIOUS_IN_USE;
    block_set_footer(block, bytes);
}

/* Change the size of a block in use; what stands before it is not touched. */
static ALWAYS_INLINE void block_resize(struct block *block, size_t bytes)
{
    block->tag = bytes | (block->tag & BLOCK_FLAGS);
}

/* What is before a block changes under the lock, while the thread that holds the block
 * may look at its tag without one: hence the atomic accesses, at no cost. */
static ALWAYS_INLINE void block_mark_previous_in_use(struct block *block)
{
    __atomic_store_n(&block->tag, block->tag | BLOCK_PREVIOUS_IN_USE, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE void block_mark_previous_free(struct block *block)
{
    __atomic_store_n(&block->tag, block->tag & ~(size_t)BLOCK_PREVIOUS_IN_USE,
                     __ATOMIC_RELAXED);
}

/* Size of a block that the caller holds, without the lock; 0 if it is not in use. */
static ALWAYS_INLINE size_t block_size_unlocked(const struct block *block)
{
    const size_t tag = __atomic_load_n(&block->tag, __ATOMIC_RELAXED);
    return (tag & BLOCK_IN_USE) != 0 ? tag & ~(size_t)BLOCK_FLAGS : 0;
}

#endif
