/* What memory looks like, for people: snug_dump, malloc_stats, snug_leaks and
 * snug_describe. */
#include "snug.h"

#include "api/entry.h"
#include "api/pointer.h"
#include "base/output.h"
#include "debug/leak.h"
#include "debug/report.h"
#include "small/class.h"

struct map {
    int level;
    const void *run; /* the objects below are of; NULL: none to print */
    size_t object_bytes;
    size_t objects[SNUG_FREE + 1]; /* by state */
};

static void print_block(const struct snug_block *block)
{
    static const char *const kinds[] = {"object", "block", "large block",
                                        "zero-size block"};
    static const char *const states[] = {"in use", "kept in a cache", "free"};
    const bool quarantined = block->state == SNUG_KEPT && debug_mode > DEBUG_OFF;
    output_print("%s%p %s of %zu bytes, %s\n",
                 block->kind == SNUG_OBJECT ? "    " : "  ", block->address,
                 kinds[block->kind], block->bytes,
                 quarantined ? "freed, in quarantine" : states[block->state]);
}

static void print_run(struct map *map)
{
    if (map->run != NULL && map->level > 0) {
        output_print(
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
        *map = (struct map){map->level, block->run, block->bytes, {0}};
    }
    map->objects[block->state]++;
    if (map->level > (block->kind == SNUG_OBJECT ? 1 : 0)) {
        print_block(block);
    }
}

static void print_stats(const struct snug_stats *stats)
{
    const struct snug_system_calls *const calls = &stats->system_calls;
    output_print("snug: in use  %zu bytes in %zu blocks, of them large %zu in %zu\n",
                 stats->live_bytes, stats->live_blocks, stats->large_bytes,
                 stats->large_blocks);
    output_print("snug: kept    %zu bytes in %zu blocks in %s\n", stats->kept_bytes,
                 stats->kept_blocks, debug_mode > DEBUG_OFF ? "quarantine" : "caches");
    output_print("snug: free    %zu bytes in %zu blocks, and the top\n",
                 stats->free_bytes, stats->free_blocks);
    output_print(
        "snug: heap    %zu bytes reserved in %zu region%s, %zu touched, %zu runs\n",
        stats->region_bytes, stats->regions, stats->regions == 1 ? "" : "s",
        stats->touched_bytes, stats->runs);
    output_print(
        "snug: calls   brk %zu, mmap %zu, munmap %zu, mremap %zu, madvise %zu\n",
        calls->brk, calls->mmap, calls->munmap, calls->mremap, calls->madvise);
}

void snug_dump(int level)
{
    struct map map = {.level = level};
    if (level > 0) {
        const bool whole = snug_walk(map_block, &map);
        print_run(&map);
        if (!whole) {
            output_print("snug: this is not all\n");
        }
    }
    struct snug_stats stats;
    if (snug_stats(&stats)) {
        print_stats(&stats);
    }
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

static void print_size(const struct sizes *sizes, size_t i)
{
    output_print("  %zu bytes in %zu block%s of ", sizes->bytes[i], sizes->blocks[i],
                 sizes->blocks[i] == 1 ? "" : "s");
    if (i < SMALL_CLASS_COUNT) {
        output_print("up to %zu bytes\n", class_bytes(i));
    } else {
        output_print("%zu to %zu bytes\n", (size_t)1 << (i - SMALL_CLASS_COUNT),
                     ((size_t)2 << (i - SMALL_CLASS_COUNT)) - 1);
    }
}

static size_t most_bytes(const struct sizes *sizes)
{
    size_t most = 0;
    for (size_t i = 1; i < SIZE_COUNT; i++) {
        most = sizes->bytes[i] > sizes->bytes[most] ? i : most;
    }
    return most;
}

static size_t report_sizes(void)
{
    struct sizes sizes = {0};
    if (!snug_walk(add_size, &sizes)) {
        return 0;
    }
    output_print("snug: in use, by size, since SNUG_DEBUG is off: %zu blocks\n",
                 sizes.total_blocks);
    for (size_t i = most_bytes(&sizes); sizes.bytes[i] != 0; i = most_bytes(&sizes)) {
        print_size(&sizes, i);
        sizes.bytes[i] = 0;
    }
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
    if ((uintptr_t)sought->pointer - (uintptr_t)block->address < block->bytes) {
        sought->found = *block;
    }
}

static void print_found(const char *pointer, const struct snug_block *found)
{
    const size_t offset = (size_t)(pointer - (const char *)found->address);
    if (found->address == NULL) {
        output_print("snug: %p points into no block of snug's\n", pointer);
        return;
    }
    if (offset == 0) {
        output_print("snug: %p is this:\n", pointer);
    } else {
        output_print("snug: %p points %zu bytes into this:\n", pointer, offset);
    }
    print_block(found);
    if (found->run != NULL) {
        output_print("    of the run at %p\n", found->run);
    }
}

void snug_describe(const void *pointer)
{
    if (debug_mode > DEBUG_OFF) {
        debug_report_story(pointer);
        return;
    }
    struct sought sought = {.pointer = pointer};
    bool locked;
    snug_walk(seek, &sought);
    if (sought.found.address == NULL && lock_acquire_to_look(&heap_lock, &locked)) {
        sought.found = pointer_identify(pointer); /* no walk shows zero-size blocks */
        lock_release(&heap_lock, locked);
    }
    print_found(sought.pointer, &sought.found);
}
