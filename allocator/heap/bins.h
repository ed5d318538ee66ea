/* The index of free blocks: true best fit.
 *
 * Each free block has a record in a table apart from the heap, whose number stands in
 * its tag and footer (block.h). Record 0 is none: of 0 bytes, its links of no meaning.
 * Sizes below EXACT_LIMIT_BYTES have one bin each, a doubly linked list. Larger sizes
 * share bins, 32 for each power of two: such a list for each size, smallest first. So
 * there are at most n / 512 steps for n bytes. The free block that changed last is in
 * no bin: it is likely to be split or to grow again, which costs nothing then.
 *
 * Invariants: every free block but the top has one record and is in exactly one bin,
 * the one of its size, or is the one that changed last; a record's link is where its
 * number stands; a bin's bit is set exactly if the bin is not empty, a bit of the
 * summary exactly if the word is not zero. Protected by the heap lock. */
#ifndef SNUG_BINS_H
#define SNUG_BINS_H

#include "heap/block.h"

struct free_record {
    uintptr_t address; /* of the tag; 0: the record is spare */
    size_t bytes;      /* 0 then, too */
    uint32_t *link;    /* to it: in its bin, or `next` or `larger` of another record */
    uint32_t next;     /* of the same size; a spare record: the next spare one */
    uint32_t larger; /* the first of a size in a shared bin: that of the next larger */
};

static_assert(sizeof(struct free_record) == 32, "two to a cache line");

#define EXACT_LIMIT_SHIFT 15
#define EXACT_LIMIT_BYTES ((size_t)1 << EXACT_LIMIT_SHIFT)
#define EXACT_BIN_COUNT (EXACT_LIMIT_BYTES / ALIGNMENT_BYTES)
#define SHARED_BINS_SHIFT 5
#define BIN_COUNT                                                                      \
    (EXACT_BIN_COUNT + ((size_t)(48 - EXACT_LIMIT_SHIFT) << SHARED_BINS_SHIFT))
#define BIN_WORDS ((BIN_COUNT + 63) / 64)
/* Records that a small heap needs, beside the bins. */
#define FEW_RECORDS 32

static_assert(BIN_WORDS <= 64, "the summary is one word");

struct bins {
    struct free_record *records; /* the table */
    uint32_t used;               /* records from here on were never used */
    uint32_t capacity;
    uint32_t spare;          /* the first record that is free again */
    uint32_t last;           /* the free block that changed last, in no bin; or 0 */
    uint32_t reserved_count; /* of `reserved` */
    struct free_record *reserved; /* memory for a larger table, zeroed; NULL: none */
    size_t free_bytes;            /* in all free blocks */
    uint64_t summary;
    uint64_t map[BIN_WORDS];
    struct free_record few[FEW_RECORDS];
    uint32_t first[BIN_COUNT];
};

/* Before anything else. Zeroed memory for the table to grow into, before it asks the
 * system; NULL: none. */
void bins_open(struct bins *bins, void *memory, size_t bytes);

/* A new free block. Returns its number; 0: no memory for a record. The caller writes
 * tag and footer, here and below. */
uint32_t bins_add(struct bins *bins, const void *address, size_t bytes);
/* A free block leaves the bin of the size that it had, and is the last that changed. */
void bins_withdraw(struct bins *bins, uint32_t record, size_t bytes);
/* The block is in use now. */
void bins_drop(struct bins *bins, uint32_t record);

/* The smallest free block of at least `bytes`; 0 if there is none. */
uint32_t bins_best(const struct bins *bins, size_t bytes);

static ALWAYS_INLINE struct block *bins_block(const struct bins *bins, uint32_t record)
{
    return (struct block *)bins->records[record].address;
}

static ALWAYS_INLINE size_t bins_bytes(const struct bins *bins, uint32_t record)
{
    return bins->records[record].bytes;
}

/* Whether a number that was read from a tag is the free block's that begins there. */
static ALWAYS_INLINE bool bins_begins_at(const struct bins *bins, uint32_t record,
                                         const void *address)
{
    return record < bins->used && bins->records[record].address == (uintptr_t)address;
}

/* The free block that ends where a block begins; 0: what is before the block is in
 * use. */
static ALWAYS_INLINE uint32_t bins_free_before(const struct bins *bins,
                                               const struct block *block)
{
    const size_t number = block_read_word_before(block);
    if (number >= bins->used) {
        return 0;
    }
    const struct free_record *const record = &bins->records[number];
    return record->address + record->bytes == (uintptr_t)block ? (uint32_t)number : 0;
}

/* A free block has another place and size. */
static ALWAYS_INLINE void bins_change(struct bins *bins, uint32_t number,
                                      const void *address, size_t bytes)
{
    struct free_record *const record = &bins->records[number];
    const size_t before = record->bytes;
    record->address = (uintptr_t)address;
    record->bytes = bytes;
    bins->free_bytes += bytes - before;
    if (number != bins->last) {
        bins_withdraw(bins, number, before);
    }
}

/* Every free block of at least so many bytes, the largest first but within a bin. The
 * visitor leaves the bins as they are. */
void bins_visit(struct bins *bins, size_t least_bytes, block_visitor *visit,
                void *context);
/* The first invariant that does not hold, NULL if all hold. O(free blocks). */
const char *bins_check(const struct bins *bins);

#endif
