#include "record/blocks.h"

#include <stdlib.h>

enum {
    FIRST_BITS = 12
};

/* Fibonacci hashing, Knuth 6.4; addresses are multiples of 16. */
static size_t place_of(const struct blocks *blocks, uint64_t address)
{
    return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> (64 - blocks->bits));
}

static size_t mask_of(const struct blocks *blocks)
{
    return ((size_t)1 << blocks->bits) - 1;
}

static bool is_empty(struct block block)
{
    return block_slot(block) == 0;
}

void blocks_destroy(struct blocks *blocks)
{
    free(blocks->table);
    *blocks = (struct blocks){0};
}

static void put(struct blocks *blocks, struct block block)
{
    size_t mask = mask_of(blocks);
    size_t place = place_of(blocks, block.address);
    while (!is_empty(blocks->table[place])) {
        place = (place + 1) & mask;
    }
    blocks->table[place] = block;
}

static bool grow(struct blocks *blocks)
{
    struct blocks larger = {.count = blocks->count,
                            .bits = blocks->bits == 0 ? FIRST_BITS : blocks->bits + 1};
    larger.table = calloc((size_t)1 << larger.bits, sizeof *larger.table);
    if (larger.table == NULL) {
        return false;
    }
    for (size_t i = 0; blocks->bits != 0 && i <= mask_of(blocks); i++) {
        if (!is_empty(blocks->table[i])) {
            put(&larger, blocks->table[i]);
        }
    }
    free(blocks->table);
    *blocks = larger;
    return true;
}

bool blocks_add(struct blocks *blocks, struct block block)
{
    if ((blocks->bits == 0 || blocks->count >= ((uint64_t)3 << blocks->bits) / 4) &&
        !grow(blocks)) {
        return false;
    }
    put(blocks, block);
    blocks->count++;
    return true;
}

/* The blocks behind a gap move up to where they are found from their own place on. */
static void close_gap(struct blocks *blocks, size_t gap)
{
    size_t mask = mask_of(blocks);
    for (size_t next = (gap + 1) & mask; !is_empty(blocks->table[next]);
         next = (next + 1) & mask) {
        size_t home = place_of(blocks, blocks->table[next].address);
        if (((next - home) & mask) >= ((next - gap) & mask)) {
            blocks->table[gap] = blocks->table[next];
            gap = next;
        }
    }
    blocks->table[gap] = (struct block){0};
}

struct block blocks_remove(struct blocks *blocks, uint64_t address)
{
    if (blocks->bits == 0) {
        return (struct block){0};
    }
    size_t mask = mask_of(blocks);
    size_t place = place_of(blocks, address);
    while (!is_empty(blocks->table[place]) && blocks->table[place].address != address) {
        place = (place + 1) & mask;
    }
    struct block found = blocks->table[place];
    if (!is_empty(found)) {
        close_gap(blocks, place);
        blocks->count--;
    }
    return found;
}

void blocks_prefetch(const struct blocks *blocks, uint64_t address)
{
    if (blocks->bits != 0) {
        __builtin_prefetch(&blocks->table[place_of(blocks, address)], 1);
    }
}

static int by_slot(const void *left, const void *right)
{
    const uint32_t a = block_slot(*(const struct block *)left);
    const uint32_t b = block_slot(*(const struct block *)right);
    return (a > b) - (a < b);
}

struct block *blocks_list(const struct blocks *blocks)
{
    struct block *list = malloc((blocks->count + 1) * sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; blocks->bits != 0 && i <= mask_of(blocks); i++) {
        if (!is_empty(blocks->table[i])) {
            list[count++] = blocks->table[i];
        }
    }
    qsort(list, count, sizeof *list, by_slot);
    return list;
}
