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

static ALWAYS_INLINE void bin_fill(struct bins *bins, size_t bin)
{
    bins->map[bin / 64] |= (uint64_t)1 << (bin % 64);
    bins->summary |= (uint64_t)1 << (bin / 64);
}

/* After a free block has left its bin. Whether the bin is empty now nobody can predict,
 * and a branch that is guessed wrong costs as much as all of this: so there is none,
 * here and below, where record 0 absorbs what has no place. */
static ALWAYS_INLINE void bin_settle(struct bins *bins, size_t bin, bool empty)
{
    const uint64_t word = bins->map[bin / 64] & ~((uint64_t)empty << (bin % 64));
    bins->map[bin / 64] = word;
    bins->summary &= ~((uint64_t)(word == 0) << (bin / 64));
}

/* The first bin from `bin` on that is not empty; BIN_COUNT if there is none. */
static ALWAYS_INLINE size_t bin_next(const struct bins *bins, size_t bin)
{
    const size_t word = bin / 64;
    const uint64_t bits = bins->map[word] & (~(uint64_t)0 << (bin % 64));
    const uint64_t words =
        (bins->summary & (~(uint64_t)1 << word)) | (uint64_t)(bits != 0) << word;
    if (words == 0) {
        return BIN_COUNT;
    }
    const size_t found = (size_t)__builtin_ctzl(words);
    const uint64_t all = bins->map[found];
    return found * 64 + (size_t)__builtin_ctzl(bits != 0 ? bits : all);
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

/* A record becomes the first of a list. */
static ALWAYS_INLINE void list_push(struct bins *bins, uint32_t *link, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    record->next = *link;
    record->previous = 0;
    bins->records[*link].previous = number;
    *link = number;
}

/* Into a shared bin. */
static void shared_insert(struct bins *bins, uint32_t number, size_t bin)
{
    struct free_record *const record = &bins->records[number];
    uint32_t *const link = size_link(bins, bin, record->bytes);
    const struct free_record *const there = &bins->records[*link];
    if (*link != 0 && there->bytes == record->bytes) {
        record->larger = there->larger;
        list_push(bins, link, number);
        return;
    }
    record->next = record->previous = 0;
    record->larger = *link;
    *link = number;
    bin_fill(bins, bin);
}

static void shared_remove(struct bins *bins, struct free_record *record, size_t bin)
{
    if (record->previous != 0) {
        bins->records[record->previous].next = record->next;
        bins->records[record->next].previous = record->previous;
        return;
    }
    uint32_t *const link = size_link(bins, bin, record->bytes);
    if (record->next != 0) {
        bins->records[record->next].previous = 0;
        bins->records[record->next].larger = record->larger;
        *link = record->next;
        return;
    }
    *link = record->larger;
    bin_settle(bins, bin, bins->first[bin] == 0);
}

/* From a bin of one size: no loop and no call. */
static ALWAYS_INLINE void list_remove(struct bins *bins, uint32_t number)
{
    const struct free_record *const record = &bins->records[number];
    const size_t bin = record->bytes / ALIGNMENT_BYTES;
    uint32_t *const first = &bins->first[bin];
    uint32_t *const behind = &bins->records[record->previous].next;
    uint32_t *const link = record->previous != 0 ? behind : first;
    *link = record->next;
    bins->records[record->next].previous = record->previous;
    bin_settle(bins, bin, (record->next | record->previous) == 0);
}

static ALWAYS_INLINE void bin_insert(struct bins *bins, uint32_t number)
{
    const size_t bytes = bins->records[number].bytes;
    if (UNLIKELY(bytes >= EXACT_LIMIT_BYTES)) {
        shared_insert(bins, number, bin_of(bytes));
        return;
    }
    const size_t bin = bytes / ALIGNMENT_BYTES;
    list_push(bins, &bins->first[bin], number);
    bin_fill(bins, bin);
}

static ALWAYS_INLINE void bin_remove(struct bins *bins, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    if (LIKELY(record->bytes < EXACT_LIMIT_BYTES)) {
        list_remove(bins, number);
    } else {
        shared_remove(bins, record, bin_of(record->bytes));
    }
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
    bins->records = table;
    bins->capacity = (uint32_t)capacity;
    return true;
}

static ALWAYS_INLINE void set_place(struct free_record *record, const void *address,
                                    size_t bytes)
{
    record->address = (uintptr_t)address;
    record->bytes = bytes;
}

static uint32_t record_new(struct bins *bins, const void *address, size_t bytes)
{
    uint32_t number = bins->spare;
    if (number != 0) {
        bins->spare = bins->records[number].next;
    } else if (LIKELY(bins->used < bins->capacity) || table_grow(bins)) {
        number = bins->used++;
    } else {
        return 0;
    }
    bins->free_bytes += bytes;
    set_place(&bins->records[number], address, bytes);
    bin_insert(bins, number);
    return number;
}

uint32_t bins_merge(struct bins *bins, uint32_t before, uint32_t after,
                    const void *address, size_t bytes)
{
    if (before != 0 && after != 0) {
        bins_drop(bins, after);
    }
    const uint32_t one = before != 0 ? before : after;
    if (one == 0) {
        return record_new(bins, address, bytes);
    }
    bins_change(bins, one, address, bytes);
    return one;
}

void bins_change(struct bins *bins, uint32_t number, const void *address, size_t bytes)
{
    struct free_record *const record = &bins->records[number];
    bins->free_bytes += bytes - record->bytes;
    bin_remove(bins, number);
    set_place(record, address, bytes);
    bin_insert(bins, number);
}

void bins_drop(struct bins *bins, uint32_t number)
{
    struct free_record *const record = &bins->records[number];
    bins->free_bytes -= record->bytes;
    bin_remove(bins, number);
    record->address = 0;
    record->next = bins->spare;
    bins->spare = number;
}

uint32_t bins_best(const struct bins *bins, size_t bytes)
{
    size_t bin = bin_of(bytes);
    if (bin >= EXACT_BIN_COUNT) {
        uint32_t best = bins->first[bin];
        while (best != 0 && bins->records[best].bytes < bytes) {
            best = bins->records[best].larger;
        }
        if (best != 0) {
            return best;
        }
        bin++;
    }
    if (UNLIKELY(bin >= BIN_COUNT)) {
        return 0;
    }
    bin = bin_next(bins, bin);
    return bin < BIN_COUNT ? bins->first[bin] : 0;
}

void bins_visit(const struct bins *bins, block_visitor *visit, void *context)
{
    for (uint32_t i = 1; i < bins->used; i++) {
        if (bins->records[i].address != 0) {
            visit(bins_block(bins, i), bins_bytes(bins, i), context);
        }
    }
}

/* A free block and those of its size behind it. Adds their number to *count. */
static const char *check_list(const struct bins *bins, uint32_t first, size_t bin,
                              size_t *count)
{
    uint32_t previous = 0;
    for (uint32_t i = first; i != 0; i = bins->records[i].next) {
        const struct free_record *const record = &bins->records[i];
        const struct block *const block = bins_block(bins, i);
        if (i >= bins->used || record->address == 0 || ++*count > bins->used) {
            return "a bin leads to a record of no free block";
        }
        if (bin_of(record->bytes) != bin ||
            record->bytes != bins->records[first].bytes) {
            return "a free block is in the bin of another size";
        }
        if (record->previous != previous) {
            return "a bin's links disagree";
        }
        if (block_is_in_use(block) || !block_checksum_is_right(block) ||
            block_record(block) != i) {
            return "a free block's tag does not name its record";
        }
        if (*block_word_before(block_at(block, record->bytes)) != i) {
            return "a free block's footer does not name its record";
        }
        previous = i;
    }
    return NULL;
}

static const char *check_bin(const struct bins *bins, size_t bin, size_t *count)
{
    const bool bit = (bins->map[bin / 64] >> (bin % 64) & 1) != 0;
    if (bit != (bins->first[bin] != 0)) {
        return "a bin's bit is wrong";
    }
    const char *broken = NULL;
    size_t smaller = 0;
    for (uint32_t i = bins->first[bin]; broken == NULL && i != 0;
         i = bin < EXACT_BIN_COUNT ? 0 : bins->records[i].larger) {
        broken = check_list(bins, i, bin, count);
        if (broken == NULL && bins->records[i].bytes <= smaller) {
            broken = "the sizes of a bin are out of order";
        }
        smaller = bins->records[i].bytes;
    }
    return broken;
}

const char *bins_check(const struct bins *bins)
{
    size_t in_bins = 0;
    const char *broken = NULL;
    for (size_t i = 0; broken == NULL && i < BIN_COUNT; i++) {
        broken = check_bin(bins, i, &in_bins);
    }
    for (size_t i = 0; broken == NULL && i < BIN_WORDS; i++) {
        if ((bins->summary >> i & 1) != (bins->map[i] != 0)) {
            broken = "the summary of the bins is wrong";
        }
    }
    size_t bytes = 0;
    for (uint32_t i = 1; i < bins->used; i++) {
        if (bins->records[i].address != 0) {
            in_bins--;
            bytes += bins->records[i].bytes;
        }
    }
    if (broken == NULL && in_bins != 0) {
        broken = "a recorded free block is in no bin";
    }
    return broken == NULL && bytes != bins->free_bytes
               ? "the sum of the free blocks' records is wrong"
               : broken;
}
