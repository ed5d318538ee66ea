#include "trace/addresses.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BITS = 10,
    FIRST_ROOM = 4,
    MOST_ROOM = 256, /* places in a page */
    LOW_BITS = 16,   /* of a size, in every page */
    CELL_BYTES = 7,
    WIDE_CELL_BYTES = 11,
};

/* An address is turned: its low four bits, mostly 0, go to the top. The low eight bits
 * of what results are the place in a page, the others the number of the page. */
struct page {
    uint64_t number_plus_one; /* 0: no page */
    unsigned char *cells;     /* the arrays of struct cells */
    uint16_t count;
    uint16_t room; /* a multiple of 4 */
    bool is_wide;  /* has sizes_above */
};

/* The blocks of a page. */
struct cells {
    uint8_t *places;
    uint32_t *slots;
    uint16_t *sizes;       /* the low 16 bits */
    uint32_t *sizes_above; /* the others */
};

/* ---- one page ---- */

static uint64_t turn(uint64_t address)
{
    return address >> 4 | address << 60;
}

static uint64_t number_of(uint64_t address)
{
    return turn(address) >> 8;
}

static uint8_t place_in(uint64_t address)
{
    return (uint8_t)turn(address);
}

static inline struct cells cells_of(const struct page *page)
{
    unsigned char *at = page->cells;
    const size_t room = page->room;
    return (struct cells){
        .places = at,
        .slots = (uint32_t *)(void *)(at + room),
        .sizes = (uint16_t *)(void *)(at + 5 * room),
        .sizes_above = (uint32_t *)(void *)(at + 7 * room),
    };
}

static inline struct live_block cell_get(const struct page *page,
                                         const struct cells *cells, size_t i)
{
    uint64_t turned = (page->number_plus_one - 1) << 8 | cells->places[i];
    uint64_t above = page->is_wide ? cells->sizes_above[i] : 0;
    return (struct live_block){
        .address = turned << 4 | turned >> 60,
        .size_bytes = above << LOW_BITS | cells->sizes[i],
        .slot = cells->slots[i],
    };
}

static inline void cell_set(const struct page *page, const struct cells *cells,
                            size_t i, const struct live_block *block)
{
    cells->slots[i] = block->slot;
    cells->sizes[i] = (uint16_t)block->size_bytes;
    cells->places[i] = place_in(block->address);
    if (page->is_wide) {
        cells->sizes_above[i] = (uint32_t)(block->size_bytes >> LOW_BITS);
    }
}

/* New arrays of `room` cells, wide ones or not. */
static bool page_resize(struct page *page, uint16_t room, bool is_wide)
{
    struct page larger = *page;
    larger.room = room;
    larger.is_wide = is_wide;
    larger.cells = malloc((size_t)room * (is_wide ? WIDE_CELL_BYTES : CELL_BYTES));
    if (larger.cells == NULL) {
        return false;
    }
    for (size_t i = 0; i < page->count; i++) {
        struct cells from = cells_of(page);
        struct cells to = cells_of(&larger);
        struct live_block block = cell_get(page, &from, i);
        cell_set(&larger, &to, i, &block);
    }
    free(page->cells);
    page->cells = larger.cells;
    page->room = room;
    page->is_wide = is_wide;
    return true;
}

/* One more block fits in. */
static inline bool page_make_room(struct page *page, uint64_t size_bytes)
{
    bool is_wide = page->is_wide || size_bytes >> LOW_BITS != 0;
    if (page->count < page->room && is_wide == page->is_wide) {
        return true;
    }
    int room = page->room;
    if (page->count == room) {
        room = (room + room / 4 + FIRST_ROOM) & ~3;
    }
    return page_resize(page, (uint16_t)(room < MOST_ROOM ? room : MOST_ROOM), is_wide);
}

/* Its place in the arrays; page->count: it is not there. */
static inline size_t page_find(const struct page *page, const struct cells *cells,
                               uint64_t address)
{
    const uint8_t *place = memchr(cells->places, place_in(address), page->count);
    return place != NULL ? (size_t)(place - cells->places) : page->count;
}

static inline void page_remove(struct page *page, const struct cells *cells, size_t i)
{
    size_t last = --page->count;
    cells->slots[i] = cells->slots[last];
    cells->sizes[i] = cells->sizes[last];
    cells->places[i] = cells->places[last];
    if (page->is_wide) {
        cells->sizes_above[i] = cells->sizes_above[last];
    }
}

/* ---- the table of pages ---- */

/* Fibonacci hashing, Knuth 6.4. */
static inline size_t entry_of(const struct addresses *addresses, uint64_t number)
{
    return (size_t)(number * 0x9e3779b97f4a7c15u >> (64 - addresses->bits));
}

/* Its page, or the empty entry where it belongs. */
static inline struct page *find(const struct addresses *addresses, uint64_t number)
{
    size_t mask = ((size_t)1 << addresses->bits) - 1;
    size_t entry = entry_of(addresses, number);
    while (addresses->pages[entry].number_plus_one != 0 &&
           addresses->pages[entry].number_plus_one != number + 1) {
        entry = (entry + 1) & mask;
    }
    return &addresses->pages[entry];
}

static size_t entries(const struct addresses *addresses)
{
    return addresses->bits == 0 ? 0 : (size_t)1 << addresses->bits;
}

/* Without the pages that have no blocks any more; larger if many have. */
static bool rebuild(struct addresses *addresses)
{
    uint64_t live = 0;
    for (size_t i = 0; i < entries(addresses); i++) {
        live += addresses->pages[i].count > 0;
    }
    struct addresses fresh = {.count = addresses->count, .page_count = live};
    fresh.bits = addresses->bits == 0                 ? FIRST_BITS
                 : live * 2 >= entries(addresses) / 2 ? addresses->bits + 1
                                                      : addresses->bits;
    fresh.pages = calloc((size_t)1 << fresh.bits, sizeof *fresh.pages);
    if (fresh.pages == NULL) {
        return false;
    }
    for (size_t i = 0; i < entries(addresses); i++) {
        if (addresses->pages[i].count > 0) {
            *find(&fresh, addresses->pages[i].number_plus_one - 1) =
                addresses->pages[i];
        } else {
            free(addresses->pages[i].cells);
        }
    }
    free(addresses->pages);
    *addresses = fresh;
    return true;
}

void addresses_destroy(struct addresses *addresses)
{
    for (size_t i = 0; i < entries(addresses); i++) {
        free(addresses->pages[i].cells);
    }
    free(addresses->pages);
    *addresses = (struct addresses){0};
}

/* ---- blocks ---- */

static inline bool page_has(const struct page *page, uint64_t address)
{
    struct cells cells = cells_of(page);
    return page_find(page, &cells, address) < page->count;
}

enum addresses_answer addresses_add(struct addresses *addresses,
                                    struct live_block block)
{
    uint64_t number = number_of(block.address);
    if (addresses->page_count >= entries(addresses) / 4 * 3 && !rebuild(addresses)) {
        return ADDRESSES_NO_MEMORY;
    }
    struct page *page = find(addresses, number);
    if (page->count > 0 && page_has(page, block.address)) {
        return ADDRESSES_TAKEN;
    }
    if (!page_make_room(page, block.size_bytes)) {
        return ADDRESSES_NO_MEMORY;
    }
    addresses->page_count += page->number_plus_one == 0;
    page->number_plus_one = number + 1;
    struct cells cells = cells_of(page);
    cell_set(page, &cells, page->count, &block);
    page->count++;
    addresses->count++;
    return ADDRESSES_ADDED;
}

struct live_block addresses_find(const struct addresses *addresses, uint64_t address)
{
    struct live_block none = {.slot = 0};
    if (addresses->bits == 0) {
        return none;
    }
    const struct page *page = find(addresses, number_of(address));
    if (page->count == 0) {
        return none;
    }
    struct cells cells = cells_of(page);
    size_t i = page_find(page, &cells, address);
    return i < page->count ? cell_get(page, &cells, i) : none;
}

struct live_block addresses_take(struct addresses *addresses, uint64_t address)
{
    struct live_block none = {.slot = 0};
    if (addresses->bits == 0) {
        return none;
    }
    struct page *page = find(addresses, number_of(address));
    if (page->count == 0) {
        return none;
    }
    struct cells cells = cells_of(page);
    size_t i = page_find(page, &cells, address);
    if (i == page->count) {
        return none;
    }
    struct live_block found = cell_get(page, &cells, i);
    page_remove(page, &cells, i);
    addresses->count--;
    return found;
}

void addresses_prefetch_page(const struct addresses *addresses, uint64_t address)
{
    if (addresses->bits != 0) {
        __builtin_prefetch(&addresses->pages[entry_of(addresses, number_of(address))]);
    }
}

void addresses_prefetch(const struct addresses *addresses, uint64_t address)
{
    if (addresses->bits != 0) {
        const struct page *page =
            &addresses->pages[entry_of(addresses, number_of(address))];
        __builtin_prefetch(page->cells);
        __builtin_prefetch(page->cells + page->room);
    }
}

static int by_slot(const void *left, const void *right)
{
    const uint32_t a = ((const struct live_block *)left)->slot;
    const uint32_t b = ((const struct live_block *)right)->slot;
    return (a > b) - (a < b);
}

struct live_block *addresses_list(const struct addresses *addresses)
{
    struct live_block *list = malloc((addresses->count + 1) * sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < entries(addresses); i++) {
        const struct page *page = &addresses->pages[i];
        struct cells cells = cells_of(page);
        for (size_t k = 0; k < page->count; k++) {
            list[count++] = cell_get(page, &cells, k);
        }
    }
    qsort(list, count, sizeof *list, by_slot);
    return list;
}
