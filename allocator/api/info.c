/* The heap in figures, for programs: mallinfo2 and malloc_info. */
#include "snug.h"

#include <errno.h>

#include "api/entry.h"
#include "base/os.h"
#include "base/text.h"
#include "cache/cache.h"
#include "heap/large.h"

enum {
    RANGES = 48, /* of free blocks: a power of two each */
    TEXT_BYTES = 16 * 1024
};

struct total {
    size_t count;
    size_t bytes;
};

struct state {
    struct total objects[SMALL_CLASS_COUNT]; /* free, by class */
    struct total ranges[RANGES]; /* free blocks, by the logarithm of their size */
    struct total fast;           /* all objects */
    struct total blocks;         /* all free blocks */
    struct large_counts large;
    size_t cached_bytes; /* in medium blocks of depots, how many is not counted */
    size_t top_bytes;
    size_t region_bytes;
};

static void add(struct total *total, size_t count, size_t bytes)
{
    total->count += count;
    total->bytes += bytes;
}

static void add_block(const struct block *block, size_t bytes, void *context)
{
    (void)block;
    struct state *const state = context;
    add(&state->ranges[floor_log2(bytes)], 1, bytes);
    add(&state->blocks, 1, bytes);
}

static void look(struct state *state)
{
    const bool locked = lock_acquire(&heap_lock);
    *state = (struct state){
        .large = large_counts(),
        .cached_bytes = depot_bytes(true),
        .top_bytes = (size_t)(heap.end - heap.top),
        .region_bytes = heap.region_bytes,
    };
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        const size_t bytes = run_free_bytes(class) + cache_free_bytes(class);
        add(&state->objects[class], bytes / class_bytes(class), bytes);
        add(&state->fast, bytes / class_bytes(class), bytes);
    }
    bins_visit(&heap_bins, add_block, state);
    cache_visit_medium(add_block, state);
    lock_release(&heap_lock, locked);
}

static size_t rest_bytes(const struct state *state)
{
    return state->blocks.bytes + state->cached_bytes + state->top_bytes;
}

struct mallinfo2 snug_mallinfo2(void)
{
    struct state state;
    look(&state);
    const size_t free_bytes = state.fast.bytes + rest_bytes(&state);
    return (struct mallinfo2){
        .arena = state.region_bytes,
        .ordblks = state.blocks.count,
        .hblks = state.large.blocks,
        .hblkhd = state.large.bytes,
        .fsmblks = state.fast.bytes,
        .uordblks = state.region_bytes - free_bytes,
        .fordblks = free_bytes,
        .keepcost = state.top_bytes,
    };
}

struct snug_system_calls snug_system_calls(void)
{
    return (struct snug_system_calls){
        .brk = os_calls(OS_BRK),
        .mmap = os_calls(OS_MMAP),
        .munmap = os_calls(OS_MUNMAP),
        .mremap = os_calls(OS_MREMAP),
        .madvise = os_calls(OS_MADVISE),
    };
}

static void print_size(struct text *text, size_t from, size_t to, struct total total)
{
    if (total.count != 0) {
        text_format(text,
                    "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
                    from, to, total.bytes, total.count);
    }
}

static void print_total(struct text *text, const char *type, size_t count, size_t bytes)
{
    text_format(text, "<total type=\"%s\" count=\"%zu\" size=\"%zu\"/>\n", type, count,
                bytes);
}

/* What stands in the heap and again in the sum over all heaps, of which there is one.
 * Address space is never given back, so that there is no more than there was. */
static void print_sums(struct text *text, const struct state *state, bool all)
{
    print_total(text, "fast", state->fast.count, state->fast.bytes);
    print_total(text, "rest", state->blocks.count + (state->top_bytes != 0),
                rest_bytes(state));
    if (all) {
        print_total(text, "mmap", state->large.blocks, state->large.bytes);
    }
    text_format(text,
                "<system type=\"current\" size=\"%zu\"/>\n"
                "<system type=\"max\" size=\"%zu\"/>\n"
                "<aspace type=\"total\" size=\"%zu\"/>\n"
                "<aspace type=\"mprotect\" size=\"%zu\"/>\n",
                state->region_bytes, state->region_bytes, state->region_bytes,
                state->region_bytes);
}

static void print(struct text *text, const struct state *state)
{
    text_format(text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        print_size(text, class_bytes(class), class_bytes(class), state->objects[class]);
    }
    for (size_t i = 0; i < RANGES; i++) {
        print_size(text, (size_t)1 << i, ((size_t)2 << i) - 1, state->ranges[i]);
    }
    text_format(text, "</sizes>\n");
    print_sums(text, state, false);
    text_format(text, "</heap>\n");
    print_sums(text, state, true);
    text_format(text, "</malloc>\n");
}

int snug_malloc_info(int options, FILE *stream)
{
    if (options != 0) {
        return EINVAL;
    }
    struct state state;
    look(&state);
    char *const buffer = os_map(TEXT_BYTES); /* the caller's stack may be small */
    if (buffer == NULL) {
        errno = ENOMEM;
        return -1;
    }
    struct text text = {buffer, TEXT_BYTES, 0};
    print(&text, &state);
    const int result = fputs(buffer, stream); /* which may allocate */
    os_unmap(buffer, TEXT_BYTES);
    return result < 0 ? -1 : 0;
}
