#include "record/blocks.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BITS = 10,
    FIRST_ROOM = 4,
    PAGE_SHIFT = 12,
    GRANULE_SHIFT = 4,
    CELL_BYTES = 11,
};

/* `cells` holds the arrays of struct cells. */
struct page {
    uint64_t number; /* address / 4 KiB; 0: no page */
    unsigned char *cells;
    uint16_t count;
    uint16_t room; /* a power of two */
};

/* The blocks of a page: their places in it, and what is known of them. */
struct cells {
    uint32_t *slots;
    uint32_t *sizes;       /* the low 32 bits */
    uint16_t *sizes_above; /* the next 16 */
    uint8_t *granules;     /* place in the page / 16 */
};

/* ---- one page ---- */

static struct cells cells_of(const struct page *page)
{
    size_t room = page->room;
    unsigned char *at = page->cells;
    return (struct cells){
        .slots = (uint32_t *)(void *)at,
        .sizes = (uint32_t *)(void *)(at + 4 * room),
        .sizes_above = (uint16_t *)(void *)(at + 8 * room),
        .granules = at + 10 * room,
    };
}

static uint8_t granule_of(uint64_t address)
{
    return (uint8_t)(address >> GRANULE_SHIFT);
}

static struct block cell_get(const struct page *page, const struct cells *cells,
                             size_t i)
{
    uint64_t in_page = (uint64_t)cells->granules[i] << GRANULE_SHIFT;
    return (struct block){
        .address = (page->number << PAGE_SHIFT) + in_page,
        .size_bytes = (uint64_t)cells->sizes_above[i] << 32 | cells->sizes[i],
        .slot = cells->slots[i],
    };
}

static void cell_set(const struct cells *cells, size_t i, const struct block *block)
{
    cells->slots[i] = block->slot;
    cells->sizes[i] = (uint32_t)block->size_bytes;
    cells->sizes_above[i] = (uint16_t)(block->size_bytes >> 32);
    cells->granules[i] = granule_of(block->address);
}

static void cell_move(const struct cells *from, size_t i, const struct cells *to,
                      size_t k)
{
    to->slots[k] = from->slots[i];
    to->sizes[k] = from->sizes[i];
    to->sizes_above[k] = from->sizes_above[i];
    to->granules[k] = from->granules[i];
}

static bool page_grow(struct page *page)
{
    struct page larger = *page;
    larger.room = page->room == 0 ? FIRST_ROOM : (uint16_t)(page->room * 2);
    larger.cells = malloc((size_t)larger.room * CELL_BYTES);
    if (larger.cells == NULL) {
        return false;
    }
    struct cells from = cells_of(page);
    struct cells to = cells_of(&larger);
    for (size_t i = 0; i < page->count; i++) {
        cell_move(&from, i, &to, i);
    }
    free(page->cells);
    page->cells = larger.cells;
    page->room = larger.room;
    return true;
}

/* ---- the table of pages ---- */

/* Fibonacci hashing, Knuth 6.4. */
static size_t place_of(const struct blocks *blocks, uint64_t number)
{
    return (size_t)(number * 0x9e3779b97f4a7c15u >> (64 - blocks->bits));
}

/* Its page, or the empty entry where it belongs. */
static inline struct page *find(const struct blocks *blocks, uint64_t number)
{
    size_t mask = ((size_t)1 << blocks->bits) - 1;
    size_t place = place_of(blocks, number);
    while (blocks->pages[place].number != 0 && blocks->pages[place].number != number) {
        place = (place + 1) & mask;
    }
    return &blocks->pages[place];
}

static size_t entries(const struct blocks *blocks)
{
    return blocks->bits == 0 ? 0 : (size_t)1 << blocks->bits;
}

/* Without the pages that have no blocks any more; larger if many have. */
static bool rebuild(struct blocks *blocks)
{
    uint64_t live = 0;
    for (size_t i = 0; i < entries(blocks); i++) {
        live += blocks->pages[i].count > 0;
    }
    struct blocks fresh = {.count = blocks->count, .page_count = live};
    fresh.bits = blocks->bits == 0                 ? FIRST_BITS
                 : live * 2 >= entries(blocks) / 2 ? blocks->bits + 1
                                                   : blocks->bits;
    fresh.pages = calloc((size_t)1 << fresh.bits, sizeof *fresh.pages);
    if (fresh.pages == NULL) {
        return false;
    }
    for (size_t i = 0; i < entries(blocks); i++) {
        if (blocks->pages[i].count > 0) {
            *find(&fresh, blocks->pages[i].number) = blocks->pages[i];
        } else {
            free(blocks->pages[i].cells);
        }
    }
    free(blocks->pages);
    *blocks = fresh;
    return true;
}

void blocks_destroy(struct blocks *blocks)
{
    for (size_t i = 0; i < entries(blocks); i++) {
        free(blocks->pages[i].cells);
    }
    free(blocks->pages);
    *blocks = (struct blocks){0};
}

/* ---- blocks ---- */

bool blocks_add(struct blocks *blocks, struct block block)
{
    uint64_t number = block.address >> PAGE_SHIFT;
    if (blocks->page_count >= entries(blocks) / 4 * 3 && !rebuild(blocks)) {
        return false;
    }
    struct page *page = find(blocks, number);
    if (page->count == page->room && !page_grow(page)) {
        return false;
    }
    blocks->page_count += page->number == 0;
    page->number = number;
    struct cells cells = cells_of(page);
    cell_set(&cells, page->count, &block);
    page->count++;
    blocks->count++;
    return true;
}

struct block blocks_remove(struct blocks *blocks, uint64_t address)
{
    struct block none = {.slot = 0};
    if (blocks->bits == 0) {
        return none;
    }
    struct page *page = find(blocks, address >> PAGE_SHIFT);
    if (page->count == 0) {
        return none;
    }
    struct cells cells = cells_of(page);
    const uint8_t *granule = memchr(cells.granules, granule_of(address), page->count);
    if (granule == NULL) {
        return none;
    }
    size_t i = (size_t)(granule - cells.granules);
    struct block found = cell_get(page, &cells, i);
    cell_move(&cells, --page->count, &cells, i);
    blocks->count--;
    return found;
}

void blocks_prefetch_page(const struct blocks *blocks, uint64_t address)
{
    if (blocks->bits != 0) {
        __builtin_prefetch(&blocks->pages[place_of(blocks, address >> PAGE_SHIFT)]);
    }
}

void blocks_prefetch(const struct blocks *blocks, uint64_t address)
{
    if (blocks->bits != 0) {
        const struct page *page =
            &blocks->pages[place_of(blocks, address >> PAGE_SHIFT)];
        __builtin_prefetch(page->cells + 10 * (size_t)page->room);
        __builtin_prefetch(page->cells);
    }
}

static int by_slot(const void *left, const void *right)
{
    const uint32_t a = ((const struct block *)left)->slot;
    const uint32_t b = ((const struct block *)right)->slot;
    return (a > b) - (a < b);
}

struct block *blocks_list(const struct blocks *blocks)
{
    struct block *list = malloc((blocks->count + 1) * sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < entries(blocks); i++) {
        const struct page *page = &blocks->pages[i];
        struct cells cells = cells_of(page);
        for (size_t k = 0; k < page->count; k++) {
            list[count++] = cell_get(page, &cells, k);
        }
    }
    qsort(list, count, sizeof *list, by_slot);
    return list;
}
