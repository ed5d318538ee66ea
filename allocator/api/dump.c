/* What memory looks like, for people: snug_dump, snug_leaks and snug_describe. */
#include "snug.h"

#include "api/entry.h"
#include "api/pointer.h"
#include "base/output.h"
#include "debug/leak.h"
#include "debug/report.h"
#include "small/class.h"

#define LINE_LIMIT_BYTES 160

/* Lines gathered on the stack, some at a time. */
struct page {
    struct text text;
    char buffer[KIB];
};

static void page_flush(struct page *page)
{
    output_write(&page->text);
    page->text = (struct text){page->buffer, sizeof page->buffer, 0};
}

static void page_line(struct page *page)
{
    text_string(&page->text, "\n");
    if (page->text.length > sizeof page->buffer - LINE_LIMIT_BYTES) {
        page_flush(page);
    }
}

static void figure(struct page *page, const char *before, size_t number,
                   const char *after)
{
    text_string(&page->text, before);
    text_decimal(&page->text, number);
    text_string(&page->text, after);
}

static const char *state_name(enum snug_state state)
{
    static const char *const level_0[] = {"in use", "kept in a cache", "free"};
    static const char *const debug[] = {"in use", "freed, in quarantine", "free"};
    return (debug_mode > DEBUG_OFF ? debug : level_0)[state];
}

struct map {
    struct page page;
    int level;
    const void *run; /* the objects below are of; NULL: none to print */
    size_t object_bytes;
    size_t objects[SNUG_FREE + 1]; /* by state */
};

static void print_block(struct page *page, const struct snug_block *block)
{
    static const char *const names[] = {" object of ", " block of ", " large block of ",
                                        " zero-size block of "};
    text_string(&page->text, block->kind == SNUG_OBJECT ? "    " : "  ");
    text_pointer(&page->text, block->address);
    figure(page, names[block->kind], block->bytes, " bytes, ");
    text_string(&page->text, state_name(block->state));
    page_line(page);
}

static void print_run(struct map *map)
{
    if (map->run != NULL && map->level > 0) {
        text_string(&map->page.text, "  ");
        text_pointer(&map->page.text, map->run);
        figure(&map->page, " run of objects of ", map->object_bytes, " bytes: ");
        figure(&map->page, "", map->objects[SNUG_IN_USE], " in use, ");
        figure(&map->page, "", map->objects[SNUG_KEPT], " kept in caches, ");
        figure(&map->page, "", map->objects[SNUG_FREE], " free");
        page_line(&map->page);
    }
    map->run = NULL;
}

static void map_block(const struct snug_block *block, void *context)
{
    struct map *const map = context;
    if (block->run != map->run) {
        print_run(map);
        map->run = block->run;
        map->object_bytes = block->bytes;
        map->objects[SNUG_IN_USE] = map->objects[SNUG_KEPT] = 0;
        map->objects[SNUG_FREE] = 0;
    }
    map->objects[block->state]++;
    if (map->level > (block->kind == SNUG_OBJECT ? 1 : 0)) {
        print_block(&map->page, block);
    }
}

static void print_stats(struct page *page, const struct snug_stats *stats)
{
    figure(page, "snug: in use  ", stats->live_bytes, " bytes in ");
    figure(page, "", stats->live_blocks, " blocks, of them large ");
    figure(page, "", stats->large_blocks, "");
    page_line(page);
    figure(page, "snug: kept    ", stats->kept_bytes, " bytes in ");
    figure(page, "", stats->kept_blocks,
           debug_mode > DEBUG_OFF ? " blocks in quarantine" : " blocks in caches");
    page_line(page);
    figure(page, "snug: free    ", stats->free_bytes, " bytes in ");
    figure(page, "", stats->free_blocks, " blocks, and the top");
    page_line(page);
    figure(page, "snug: heap    ", stats->touched_bytes, " bytes touched of ");
    figure(page, "", stats->region_bytes, " reserved in ");
    figure(page, "", stats->regions, stats->regions == 1 ? " region, " : " regions, ");
    figure(page, "", stats->runs, " runs");
    page_line(page);
}

void snug_dump(int level)
{
    struct map map = {.level = level,
                      .page.text = {map.page.buffer, sizeof map.page.buffer, 0}};
    if (level > 0) {
        const bool whole = snug_walk(map_block, &map);
        print_run(&map);
        if (!whole) {
            text_string(&map.page.text, "snug: this is not all");
            page_line(&map.page);
        }
    }
    struct snug_stats stats;
    if (snug_stats(&stats)) {
        print_stats(&map.page, &stats);
    }
    page_flush(&map.page);
}

/* Blocks in use by size: each small class, then each doubling. */
#define SIZE_COUNT (SMALL_CLASS_COUNT + 64)

struct sizes {
    size_t blocks[SIZE_COUNT];
    size_t bytes[SIZE_COUNT];
    size_t total_blocks;
};

static void add_size(const struct snug_block *block, void *context)
{
    struct sizes *const sizes = context;
    if (block->state == SNUG_IN_USE) {
        const size_t bytes = block->bytes != 0 ? block->bytes : 1;
        const size_t i = bytes <= SMALL_LIMIT_BYTES ? class_from_request(bytes)
                                                    : SMALL_CLASS_COUNT + floor_log2(bytes);
        sizes->blocks[i]++;
        sizes->bytes[i] += block->bytes;
        sizes->total_blocks++;
    }
}

static void print_size(struct page *page, const struct sizes *sizes, size_t i)
{
    figure(page, "  ", sizes->bytes[i], " bytes in ");
    figure(page, "", sizes->blocks[i], sizes->blocks[i] == 1 ? " block" : " blocks");
    if (i < SMALL_CLASS_COUNT) {
        figure(page, " of up to ", class_bytes(i), " bytes");
    } else {
        figure(page, " of ", (size_t)1 << (i - SMALL_CLASS_COUNT), " to ");
        figure(page, "", ((size_t)2 << (i - SMALL_CLASS_COUNT)) - 1, " bytes");
    }
    page_line(page);
}

static size_t report_sizes(void)
{
    struct sizes sizes = {0};
    struct page page = {.text = {page.buffer, sizeof page.buffer, 0}};
    if (!snug_walk(add_size, &sizes)) {
        return 0;
    }
    figure(&page,
           "snug: in use, by size, since SNUG_DEBUG is off: ", sizes.total_blocks,
           " blocks");
    page_line(&page);
    for (size_t done = 0; done < SIZE_COUNT; done++) {
        size_t most = 0;
        for (size_t i = 1; i < SIZE_COUNT; i++) {
            most = sizes.bytes[i] > sizes.bytes[most] ? i : most;
        }
        if (sizes.bytes[most] == 0) {
            break;
        }
        print_size(&page, &sizes, most);
        sizes.bytes[most] = 0;
    }
    page_flush(&page);
    return sizes.total_blocks;
}

size_t snug_leaks(void)
{
    return debug_mode > DEBUG_OFF ? debug_leak_report(false) : report_sizes();
}

struct sought {
    const char *pointer;
    struct snug_block found; /* address NULL: nothing */
};

static void seek(const struct snug_block *block, void *context)
{
    struct sought *const sought = context;
    const size_t offset =
        (size_t)((uintptr_t)sought->pointer - (uintptr_t)block->address);
    if (offset < block->bytes) {
        sought->found = *block;
    }
}

static void print_found(struct page *page, const struct sought *sought)
{
    const struct snug_block *const found = &sought->found;
    const size_t offset = (size_t)(sought->pointer - (const char *)found->address);
    text_string(&page->text, "snug: ");
    text_pointer(&page->text, sought->pointer);
    if (found->address == NULL) {
        text_string(&page->text, " points into no block of snug's");
        page_line(page);
        return;
    }
    if (offset == 0) {
        text_string(&page->text, " is");
    } else {
        figure(page, " points ", offset, " bytes into");
    }
    text_string(&page->text, " this:");
    page_line(page);
    print_block(page, found);
    if (found->run != NULL) {
        text_string(&page->text, "    of the run at ");
        text_pointer(&page->text, found->run);
        page_line(page);
    }
}

void snug_describe(const void *pointer)
{
    if (debug_mode > DEBUG_OFF) {
        debug_report_story(pointer);
        return;
    }
    struct sought sought = {.pointer = pointer};
    struct page page = {.text = {page.buffer, sizeof page.buffer, 0}};
    bool locked;
    snug_walk(seek, &sought);
    if (sought.found.address == NULL && lock_acquire_to_look(&heap_lock, &locked)) {
        sought.found = pointer_identify(pointer); /* no walk shows zero-size blocks */
        lock_release(&heap_lock, locked);
    }
    print_found(&page, &sought);
    page_flush(&page);
}
