#include "heap/pages.h"

#include "base/os.h"

/* A MiB of bits for 32 GiB, in which nearly every heap lies: what is not used of it is
 * address space only. Further ones are mapped where the first page is vacated. */
#define CHUNK_BITS (8 * MIB)
#define CHUNKS (((size_t)1 << 48) / PAGE_BYTES / CHUNK_BITS)
#define WORD_BYTES (64 * PAGE_BYTES)

static uint64_t *chunks[CHUNKS]; /* a bit for each page: set, if it is vacant */
size_t pages_vacant_bytes;

/* The word with the bit of a page; NULL: none was vacant far and wide. */
static uint64_t *word_of(uintptr_t address)
{
    uint64_t *const chunk = chunks[address / PAGE_BYTES / CHUNK_BITS];
    return chunk != NULL ? &chunk[address / WORD_BYTES % (CHUNK_BITS / 64)] : NULL;
}

static uintptr_t next_word(uintptr_t address)
{
    return align_down(address, WORD_BYTES) + WORD_BYTES;
}

/* Of the word of `start`, the bits of the pages that start to end touches. */
static uint64_t mask_of(uintptr_t start, uintptr_t end)
{
    const uint64_t from_start = UINT64_MAX << start / PAGE_BYTES % 64;
    return end > next_word(start) - PAGE_BYTES
               ? from_start
               : from_start & ~(UINT64_MAX << (end + PAGE_BYTES - 1) / PAGE_BYTES % 64);
}

/* Counts the bits as Knuth does (7.1.3): the builtin may be a function of libgcc's. */
static size_t bytes_of(uint64_t bits)
{
    const uint64_t fives = UINT64_MAX / 3;
    const uint64_t threes = UINT64_MAX / 5;
    bits -= bits >> 1 & fives;
    bits = (bits & threes) + (bits >> 2 & threes);
    bits = (bits + (bits >> 4)) & UINT64_MAX / 17;
    return (bits * (UINT64_MAX / 255) >> 56) * PAGE_BYTES;
}

/* NULL: no memory. */
static uint64_t *chunk_new(void)
{
    static uint64_t first[CHUNK_BITS / 64];
    static bool is_taken;
    const bool is_first = !is_taken;
    is_taken = true;
    return is_first ? first : os_map(CHUNK_BITS / 8);
}

void pages_vacate(uintptr_t start, uintptr_t end)
{
    for (uintptr_t at = start; at < end; at = next_word(at)) {
        uint64_t **const chunk = &chunks[at / PAGE_BYTES / CHUNK_BITS];
        *chunk = *chunk != NULL ? *chunk : chunk_new();
        uint64_t *const word = word_of(at);
        if (word == NULL) {
            return; /* and does not ask for each word */
        }
        const uint64_t bits = mask_of(at, end) & ~*word;
        *word |= bits;
        pages_vacant_bytes += bytes_of(bits);
    }
}

size_t pages_vacant_within(uintptr_t start, uintptr_t end)
{
    size_t bytes = 0;
    for (uintptr_t at = start; at < end; at = next_word(at)) {
        const uint64_t *const word = word_of(at);
        bytes += word != NULL ? bytes_of(mask_of(at, end) & *word) : 0;
    }
    return bytes;
}

struct page_range pages_occupy(uintptr_t start, uintptr_t end)
{
    struct page_range met = {0, 0};
    struct page_range longest = met;
    for (uintptr_t at = start; at < end; at = next_word(at)) {
        uint64_t *const word = word_of(at);
        uint64_t bits = word != NULL ? mask_of(at, end) & *word : 0;
        if (bits != 0) {
            *word &= ~bits;
            pages_vacant_bytes -= bytes_of(bits);
        }
        while (bits != 0) { /* as many as follow each other */
            const size_t first = (size_t)__builtin_ctzl(bits);
            const uint64_t behind = bits + ((uint64_t)1 << first);
            const size_t last = behind != 0 ? (size_t)__builtin_ctzl(behind) : 64;
            const uintptr_t page = align_down(at, WORD_BYTES) + first * PAGE_BYTES;
            met.start = met.end == page ? met.start : page;
            met.end = page + (last - first) * PAGE_BYTES;
            if (met.end - met.start > longest.end - longest.start) {
                longest = met;
            }
            bits &= behind;
        }
    }
    return longest;
}
