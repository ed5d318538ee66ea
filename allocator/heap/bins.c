#include "heap/bins.h"

#include <string.h>

#include "base/os.h"

static ALWAYS_INLINE size_t bin_of(size_t bytes)
{
    if (bytes < EXACT_LIMIT_BYTES) {
        return bytes / ALIGNMENT_BYTES;
    }
    const unsigned log2 = floor_log2(bytes);
    const size_t within =
        (bytes >> (log2 - SHARED_BINS_SHIFT)) & (((size_t)1 << SHARED_BINS_SHIFT) - 1);
    return EXACT_BIN_COUNT + ((size_t)(log2 - EXACT_LIMIT_SHIFT) << SHARED_BINS_SHIFT) +
           within;
}

/* The first free block in the bins from `bin` on; 0 if they are all empty. */
static ALWAYS_INLINE uint32_t first_from(const struct bins *bins, size_t bin)
{
    const size_t word = bin / 64;
    const uint64_t from_bin = ~(uint64_t)0 << (bin % 64);
    const uint64_t words = (bins->summary & (~(uint64_t)1 << word)) |
                           (uint64_t)((bins->map[word] & from_bin) != 0) << word;
    if (words == 0) {
        return 0;
    }
    const size_t found = (size_t)__builtin_ctzl(words);
    /* Whether it is the first word nobody can predict: no branch. */
    const uint64_t bits = from_bin | -(uint64_t)(found != word);
    return bins->first[found * 64 + (size_t)__builtin_ctzl(bins->map[found] & bits)];
}

/* In the bin of `bytes`: where the number of the first record of that size stands, or
 * of the next larger one, or 0. */
static ALWAYS_INLINE uint32_t *size_link(struct bins *bins, size_t bin, size_t bytes)
{
    uint32_t *link = &bins->first[bin];
    while (*link != 0 && bins->records[*link].bytes < bytes) {
        link = &bins->records[*link].larger;
    }
    return link;
}

/* The number of a record, or 0, stands here now. */
static ALWAYS_INLINE void link_to(struct bins *bins, uint32_t *link, uint32_t number)
{
    *link = number;
    bins->records[number].link = link;
}

/* A record becomes the first of those of its size, to which a link leads. */
static ALWAYS_INLINE void list_push(struct bins *bins, uint32_t *link, uint32_t number,
                                    size_t bin)
{
    link_to(bins, &bins->records[number].next, *link);
    link_to(bins, link, number);
    bins->map[bin / 64] |= (uint64_t)1 << (bin % 64);
    bins->summary |= (uint64_t)1 << (bin / 64);
}

static void shared_insert(struct bins *bins, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    const size_t bin = bin_of(record->bytes);
    uint32_t *const link = size_link(bins, bin, record->bytes);
    struct free_record *const there = &bins->records[*link];
    if (*link != 0 && there->bytes == record->bytes) {
        link_to(bins, &record->larger, there->larger);
        there->larger = 0;
    } else {
        link_to(bins, &record->larger, *link);
        *link = 0;
    }
    list_push(bins, link, number, bin);
}

static ALWAYS_INLINE void bin_insert(struct bins *bins, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    if (UNLIKELY(record->bytes >= EXACT_LIMIT_BYTES)) {
        shared_insert(bins, number);
        return;
    }
    const size_t bin = record->bytes / ALIGNMENT_BYTES;
    record->larger = 0;
    list_push(bins, &bins->first[bin], number, bin);
}

/* From the bin of `bytes`: what comes after a record takes its place. Whether the bin
 * is empty then nobody can predict, and a branch that is guessed wrong costs as much as
 * all of this: so there is none, and record 0 absorbs what has no place. */
static ALWAYS_INLINE void bin_remove(struct bins *bins, uint32_t number, size_t bytes)
{
    const struct free_record *const record = &bins->records[number];
    uint32_t successor = record->next;
    if (UNLIKELY(bytes >= EXACT_LIMIT_BYTES)) {
        if (successor != 0) {
            link_to(bins, &bins->records[successor].larger, record->larger);
        } else {
            successor = record->larger;
        }
    }
    link_to(bins, record->link, successor);
    const size_t bin = bin_of(bytes);
    const uint64_t empty = bins->first[bin] == 0;
    const uint64_t word = bins->map[bin / 64] & ~(empty << (bin % 64));
    bins->map[bin / 64] = word;
    bins->summary &= ~((uint64_t)(word == 0) << (bin / 64));
}

void bins_open(struct bins *bins, void *memory, size_t bytes)
{
    bins->records = bins->few;
    bins->capacity = FEW_RECORDS;
    bins->used = 1;
    bins->reserved = memory;
    bins->reserved_count = (uint32_t)(bytes / sizeof *bins->reserved);
}

/* A larger table: what was reserved, then twice as much from the system each time. */
static COLD_CODE bool table_grow(struct bins *bins)
{
    struct free_record *table = bins->reserved;
    size_t capacity = bins->reserved_count;
    bins->reserved = NULL;
    if (table == NULL) {
        capacity = 2 * (size_t)bins->capacity;
        table = capacity < UINT32_MAX ? os_map(capacity * sizeof *table) : NULL;
    }
    if (table == NULL || capacity <= bins->capacity) {
        return false;
    }
    memcpy(table, bins->records, bins->used * sizeof *table);
    for (uint32_t i = 1; i < bins->used; i++) {
        if (table[i].address != 0 && i != bins->last) {
            table[table[i].next].link = &table[i].next;
            table[table[i].larger].link = &table[i].larger;
        }
    }
    bins->records = table;
    bins->capacity = (uint32_t)capacity;
    return true;
}

uint32_t bins_add(struct bins *bins, const void *address, size_t bytes)
{
    uint32_t number = bins->spare;
    if (number != 0) {
        bins->spare = bins->records[number].next;
    } else if (LIKELY(bins->used < bins->capacity) || table_grow(bins)) {
        number = bins->used++;
    } else {
        return 0;
    }
    const uint32_t last = bins->last;
    bins->last = number;
    bins->free_bytes += bytes;
    bins->records[number].address = (uintptr_t)address;
    bins->records[number].bytes = bytes;
    if (last != 0) {
        bin_insert(bins, last);
    }
    return number;
}

void bins_withdraw(struct bins *bins, uint32_t number, size_t bytes)
{
    const uint32_t last = bins->last;
    bin_remove(bins, number, bytes);
    bins->last = number;
    if (last != 0) {
        bin_insert(bins, last);
    }
}

void bins_drop(struct bins *bins, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    const size_t bytes = record->bytes;
    bins->free_bytes -= bytes;
    if (number == bins->last) {
        bins->last = 0;
    } else {
        bin_remove(bins, number, bytes);
    }
    record->address = record->bytes = 0;
    record->next = bins->spare;
    bins->spare = number;
}

static ALWAYS_INLINE uint32_t best_in_bins(const struct bins *bins, size_t bytes)
{
    size_t bin = bin_of(bytes);
    if (bin >= EXACT_BIN_COUNT) {
        uint32_t best = bin < BIN_COUNT ? bins->first[bin] : 0;
        while (best != 0 && bins->records[best].bytes < bytes) {
            best = bins->records[best].larger;
        }
        if (best != 0) {
            return best;
        }
        bin++;
    }
    return bin < BIN_COUNT ? first_from(bins, bin) : 0;
}

uint32_t bins_best(const struct bins *bins, size_t bytes)
{
    const uint32_t best = best_in_bins(bins, bytes);
    const uint32_t last = bins->last;
    /* What does not fit, record 0 too, has more than any other too much. */
    return last != 0 && bins_bytes(bins, last) - bytes <= bins_bytes(bins, best) - bytes
               ? last
               : best;
}

static void visit_bin(const struct bins *bins, size_t bin, size_t least_bytes,
                      block_visitor *visit, void *context)
{
    for (uint32_t size = bins->first[bin]; size != 0;
         size = bins->records[size].larger) {
        const size_t bytes = bins_bytes(bins, size);
        for (uint32_t i = size; i != 0 && bytes >= least_bytes;
             i = bins->records[i].next) {
            visit(bins_block(bins, i), bytes, context);
        }
    }
}

void bins_visit(struct bins *bins, size_t least_bytes, block_visitor *visit,
                void *context)
{
    const uint32_t last = bins->last;
    if (last != 0) {
        bins->last = 0;
        bin_insert(bins, last);
    }
    const size_t least = bin_of(least_bytes);
    for (size_t bin = BIN_COUNT; bin-- > least;) {
        if (bins->map[bin / 64] == 0) {
            bin -= bin % 64;
        } else {
            visit_bin(bins, bin, least_bytes, visit, context);
        }
    }
}

/* A free block whose number stands at *link. */
static const char *check_record(const struct bins *bins, uint32_t number,
                                const uint32_t *link)
{
    const struct free_record *const record = &bins->records[number];
    const struct block *const block = bins_block(bins, number);
    if (number >= bins->used || record->address == 0) {
        return "a bin leads to a record of no free block";
    }
    if (record->link != link) {
        return "a bin's links disagree";
    }
    if (block_is_in_use(block) || !block_checksum_is_right(block) ||
        block_record(block) != number) {
        return "a free block's tag does not name its record";
    }
    if (*block_word_before(block_at(block, record->bytes)) != number) {
        return "a free block's footer does not name its record";
    }
    return NULL;
}

/* The sizes of a bin, and the free blocks of each. Adds their number to *count. */
static const char *check_bin(const struct bins *bins, size_t bin, size_t *count)
{
    size_t before = 0;
    for (const uint32_t *size = &bins->first[bin]; *size != 0;
         size = &bins->records[*size].larger) {
        const size_t bytes = bins->records[*size].bytes;
        for (const uint32_t *link = size; *link != 0;
             link = &bins->records[*link].next) {
            const char *const broken = check_record(bins, *link, link);
            if (broken != NULL) {
                return broken;
            }
            if (bins->records[*link].bytes != bytes || bin_of(bytes) != bin) {
                return "a free block is in the bin of another size";
            }
            if (++*count > bins->used) {
                return "a bin's list has no end";
            }
        }
        if (bytes <= before) {
            return "the sizes of a bin are out of order";
        }
        before = bytes;
    }
    const bool bit = (bins->map[bin / 64] >> (bin % 64) & 1) != 0;
    return bit == (bins->first[bin] != 0) ? NULL : "a bin's bit is wrong";
}

const char *bins_check(const struct bins *bins)
{
    const uint32_t last = bins->last;
    size_t in_bins = last != 0;
    const char *broken =
        last != 0 ? check_record(bins, last, bins->records[last].link) : NULL;
    for (size_t i = 0; broken == NULL && i < BIN_COUNT; i++) {
        broken = check_bin(bins, i, &in_bins);
    }
    if (broken != NULL) {
        return broken;
    }
    uint64_t summary = 0;
    for (size_t i = 0; i < BIN_WORDS; i++) {
        summary |= (uint64_t)(bins->map[i] != 0) << i;
    }
    size_t bytes = 0;
    for (uint32_t i = 1; i < bins->used; i++) {
        in_bins -= bins->records[i].address != 0;
        bytes += bins->records[i].bytes;
    }
    return summary != bins->summary    ? "the summary of the bins is wrong"
           : in_bins != 0              ? "a recorded free block is in no bin"
           : bytes != bins->free_bytes ? "the sum of the free blocks' records is wrong"
                                       : NULL;
}
