/* The heap in figures, for programs: mallinfo2 and malloc_info. */
#include "snug.h"

#include <errno.h>

#include "api/entry.h"
#include "base/os.h"
#include "base/text.h"
#include "cache/cache.h"
#include "debug/table.h"
#include "heap/large.h"

enum {
    RANGES = 48, /* of free blocks: a power of two each */
    TEXT_BYTES = 16 * 1024
};

struct total {
    size_t count;
    size_t bytes;
};

/* What is free: objects by class, then blocks by the logarithm of their size. */
struct sizes {
    struct total totals[SMALL_CLASS_COUNT + RANGES];
};

static void add_block(const struct block *block, size_t bytes, void *context)
{
    (void)block;
    struct sizes *const sizes = context;
    struct total *const total = &sizes->totals[SMALL_CLASS_COUNT + floor_log2(bytes)];
    total->count++;
    total->bytes += bytes;
}

/* Those of a debug level that have pages of their own. */
static void add_debug_blocks(struct mallinfo2 *info)
{
    const struct debug_block *block = NULL;
    while ((block = debug_table_next(block)) != NULL) {
        if (!block->freed && block->home == DEBUG_IN_PAGES) {
            info->hblks++;
            info->hblkhd += block->size;
        }
    }
}

static struct mallinfo2 look(struct sizes *sizes)
{
    *sizes = (struct sizes){0};
    const bool locked = lock_acquire(&heap_lock);
    struct mallinfo2 info = {
        .arena = heap.region_bytes,
        .hblks = large_sums.blocks,
        .hblkhd = large_sums.bytes,
        .keepcost = (size_t)(heap.end - heap.top),
    };
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        const size_t bytes = run_free_bytes(class) + cache_free_bytes(class);
        sizes->totals[class] = (struct total){bytes / class_bytes(class), bytes};
        info.fsmblks += bytes;
    }
    add_debug_blocks(&info);
    bins_visit(&heap_bins, 0, add_block, sizes);
    cache_visit_medium(add_block, sizes);
    /* How many medium blocks the depots hold is not known, only their bytes. */
    info.fordblks =
        info.fsmblks + info.keepcost + depot_bytes(SMALL_CLASS_COUNT, CLASS_COUNT);
    lock_release(&heap_lock, locked);
    for (size_t i = SMALL_CLASS_COUNT; i < SMALL_CLASS_COUNT + RANGES; i++) {
        info.ordblks += sizes->totals[i].count;
        info.fordblks += sizes->totals[i].bytes;
    }
    info.uordblks = info.arena - info.fordblks;
    return info;
}

struct mallinfo2 snug_mallinfo2(void)
{
    struct sizes sizes;
    return look(&sizes);
}

static void print_total(struct text *text, const char *type, size_t count, size_t bytes)
{
    text_format(text, "<total type=\"%s\" count=\"%zu\" size=\"%zu\"/>\n", type, count,
                bytes);
}

/* What stands in the heap and again, with large blocks, in the sum over all heaps, of
 * which there is one. What a limit makes the heap give back of its reserve is
 * forgotten: the most that there was is what there is. */
static void print_sums(struct text *text, const struct mallinfo2 *info, size_t objects,
                       bool with_large)
{
    print_total(text, "fast", objects, info->fsmblks);
    print_total(text, "rest", info->ordblks + (info->keepcost != 0),
                info->fordblks - info->fsmblks);
    if (with_large) {
        print_total(text, "mmap", info->hblks, info->hblkhd);
    }
    text_format(text,
                "<system type=\"current\" size=\"%zu\"/>\n"
                "<system type=\"max\" size=\"%zu\"/>\n"
                "<aspace type=\"total\" size=\"%zu\"/>\n"
                "<aspace type=\"mprotect\" size=\"%zu\"/>\n",
                info->arena, info->arena, info->arena, info->arena);
}

static void print(struct text *text)
{
    struct sizes sizes;
    const struct mallinfo2 info = look(&sizes);
    size_t objects = 0;
    text_format(text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    for (size_t i = 1; i < SMALL_CLASS_COUNT + RANGES; i++) {
        const struct total *const total = &sizes.totals[i];
        const bool small = i < SMALL_CLASS_COUNT;
        const size_t from =
            small ? class_bytes(i) : (size_t)1 << (i - SMALL_CLASS_COUNT);
        objects += small ? total->count : 0;
        if (total->count != 0) {
            text_format(
                text, "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
                from, small ? from : 2 * from - 1, total->bytes, total->count);
        }
    }
    text_format(text, "</sizes>\n");
    print_sums(text, &info, objects, false);
    text_format(text, "</heap>\n");
    print_sums(text, &info, objects, true);
    text_format(text, "</malloc>\n");
}

int snug_malloc_info(int options, FILE *stream)
{
    if (options != 0) {
        return EINVAL;
    }
    char *const buffer = os_map(TEXT_BYTES); /* the caller's stack may be small */
    if (buffer == NULL) {
        errno = ENOMEM;
        return -1;
    }
    print(&(struct text){buffer, TEXT_BYTES, 0});
    const int result = fputs(buffer, stream); /* which may allocate */
    os_unmap(buffer, TEXT_BYTES);
    return result < 0 ? -1 : 0;
}
