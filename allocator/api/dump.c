/* What memory looks like, for people: snug_dump, malloc_stats, snug_leaks and
 * snug_describe. */
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

static void page_begin(struct page *page)
{
    page->text = (struct text){page->buffer, sizeof page->buffer, 0};
}

static void page_flush(struct page *page)
{
    output_write(&page->text);
    page_begin(page);
}

/* A line, or a part of one. */
__attribute__((format(printf, 2, 3))) static void print(struct page *page,
                                                        const char *format, ...)
{
    va_list arguments;
    if (page->text.length > sizeof page->buffer - LINE_LIMIT_BYTES) {
        page_flush(page);
    }
    va_start(arguments, format);
    text_format_list(&page->text, format, arguments);
    va_end(arguments);
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
    static const char *const names[] = {"object", "block", "large block",
                                        "zero-size block"};
    print(page, "%s%p %s of %zu bytes, %s\n",
          block->kind == SNUG_OBJECT ? "    " : "  ", block->address,
          names[block->kind], block->bytes, state_name(block->state));
}

static void print_run(struct map *map)
{
    if (map->run != NULL && map->level > 0) {
        print(&map->page,
              "  %p run of objects of %zu bytes: %zu in use, %zu kept in caches, "
              "%zu free\n",
              map->run, map->object_bytes, map->objects[SNUG_IN_USE],
              map->objects[SNUG_KEPT], map->objects[SNUG_FREE]);
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
    const struct snug_system_calls *const calls = &stats->system_calls;
    print(page, "snug: in use  %zu bytes in %zu blocks, of them large %zu in %zu\n",
          stats->live_bytes, stats->live_blocks, stats->large_bytes,
          stats->large_blocks);
    print(page, "snug: kept    %zu bytes in %zu blocks in %s\n", stats->kept_bytes,
          stats->kept_blocks, debug_mode > DEBUG_OFF ? "quarantine" : "caches");
    print(page, "snug: free    %zu bytes in %zu blocks, and the top\n",
          stats->free_bytes, stats->free_blocks);
    print(page,
          "snug: heap    %zu bytes reserved in %zu region%s, %zu touched, %zu runs\n",
          stats->region_bytes, stats->regions, stats->regions == 1 ? "" : "s",
          stats->touched_bytes, stats->runs);
    print(page,
          "snug: calls   brk %zu, mmap %zu, munmap %zu, mremap %zu, madvise %zu\n",
          calls->brk, calls->mmap, calls->munmap, calls->mremap, calls->madvise);
}

void snug_dump(int level)
{
    struct map map = {.level = level};
    page_begin(&map.page);
    if (level > 0) {
        const bool whole = snug_walk(map_block, &map);
        print_run(&map);
        if (!whole) {
            print(&map.page, "snug: this is not all\n");
        }
    }
    struct snug_stats stats;
    if (snug_stats(&stats)) {
        print_stats(&map.page, &stats);
    }
    page_flush(&map.page);
}

void snug_malloc_stats(void)
{
    snug_dump(0);
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
        const size_t i = bytes <= SMALL_LIMIT_BYTES
                             ? class_from_request(bytes)
                             : SMALL_CLASS_COUNT + floor_log2(bytes);
        sizes->blocks[i]++;
        sizes->bytes[i] += block->bytes;
        sizes->total_blocks++;
    }
}

static void print_size(struct page *page, const struct sizes *sizes, size_t i)
{
    print(page, "  %zu bytes in %zu block%s of ", sizes->bytes[i], sizes->blocks[i],
          sizes->blocks[i] == 1 ? "" : "s");
    if (i < SMALL_CLASS_COUNT) {
        print(page, "up to %zu bytes\n", class_bytes(i));
    } else {
        print(page, "%zu to %zu bytes\n", (size_t)1 << (i - SMALL_CLASS_COUNT),
              ((size_t)2 << (i - SMALL_CLASS_COUNT)) - 1);
    }
}

static size_t report_sizes(void)
{
    struct sizes sizes = {0};
    struct page page;
    if (!snug_walk(add_size, &sizes)) {
        return 0;
    }
    page_begin(&page);
    print(&page, "snug: in use, by size, since SNUG_DEBUG is off: %zu blocks\n",
          sizes.total_blocks);
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
    if (found->address == NULL) {
        print(page, "snug: %p points into no block of snug's\n", sought->pointer);
        return;
    }
    if (offset == 0) {
        print(page, "snug: %p is this:\n", sought->pointer);
    } else {
        print(page, "snug: %p points %zu bytes into this:\n", sought->pointer, offset);
    }
    print_block(page, found);
    if (found->run != NULL) {
        print(page, "    of the run at %p\n", found->run);
    }
}

void snug_describe(const void *pointer)
{
    if (debug_mode > DEBUG_OFF) {
        debug_report_story(pointer);
        return;
    }
    struct sought sought = {.pointer = pointer};
    struct page page;
    bool locked;
    page_begin(&page);
    snug_walk(seek, &sought);
    if (sought.found.address == NULL && lock_acquire_to_look(&heap_lock, &locked)) {
        sought.found = pointer_identify(pointer); /* no walk shows zero-size blocks */
        lock_release(&heap_lock, locked);
    }
    print_found(&page, &sought);
    page_flush(&page);
}
