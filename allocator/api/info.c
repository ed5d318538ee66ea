/* malloc_info: the state of the heap as XML. */
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
    struct total blocks[RANGES];       /* free, by the logarithm of their size */
    struct total fast, rest, mapped;
    size_t system_bytes;
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
    add(&state->blocks[floor_log2(bytes)], 1, bytes);
    add(&state->rest, 1, bytes);
}

static void look(struct state *state)
{
    const bool locked = lock_acquire(&heap_lock);
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        const size_t bytes = run_free_bytes(class) + cache_free_bytes(class);
        add(&state->objects[class], bytes / class_bytes(class), bytes);
        add(&state->fast, bytes / class_bytes(class), bytes);
    }
    bins_visit(&heap_bins, add_block, state);
    cache_visit_medium(add_block, state);
    add(&state->rest, heap.end > heap.top ? 1 : 0, (size_t)(heap.end - heap.top));
    add(&state->rest, 0, depot_bytes(true)); /* how many is not counted */
    const struct large_counts large = large_counts();
    add(&state->mapped, large.blocks, large.bytes);
    state->system_bytes = heap.region_bytes;
    lock_release(&heap_lock, locked);
}

static void attribute(struct text *text, const char *name, size_t number)
{
    text_string(text, " ");
    text_string(text, name);
    text_string(text, "=\"");
    text_decimal(text, number);
    text_string(text, "\"");
}

static void element(struct text *text, const char *name, const char *type)
{
    text_string(text, "<");
    text_string(text, name);
    text_string(text, " type=\"");
    text_string(text, type);
    text_string(text, "\"");
}

static void print_size(struct text *text, size_t from, size_t to, struct total total)
{
    if (total.count != 0) {
        text_string(text, "  <size");
        attribute(text, "from", from);
        attribute(text, "to", to);
        attribute(text, "total", total.bytes);
        attribute(text, "count", total.count);
        text_string(text, "/>\n");
    }
}

static void print_total(struct text *text, const char *type, struct total total)
{
    element(text, "total", type);
    attribute(text, "count", total.count);
    attribute(text, "size", total.bytes);
    text_string(text, "/>\n");
}

static void print_bytes(struct text *text, const char *name, const char *type,
                        size_t bytes)
{
    element(text, name, type);
    attribute(text, "size", bytes);
    text_string(text, "/>\n");
}

/* What stands in the heap and again in the sum over all heaps, of which there is one.
 * Address space is never given back, so that there is no more than there was. */
static void print_sums(struct text *text, const struct state *state, bool all)
{
    print_total(text, "fast", state->fast);
    print_total(text, "rest", state->rest);
    if (all) {
        print_total(text, "mmap", state->mapped);
    }
    print_bytes(text, "system", "current", state->system_bytes);
    print_bytes(text, "system", "max", state->system_bytes);
    print_bytes(text, "aspace", "total", state->system_bytes);
    print_bytes(text, "aspace", "mprotect", state->system_bytes);
}

static void print(struct text *text, const struct state *state)
{
    text_string(text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        const size_t bytes = class_bytes(class);
        print_size(text, bytes, bytes, state->objects[class]);
    }
    for (size_t i = 0; i < RANGES; i++) {
        print_size(text, (size_t)1 << i, ((size_t)2 << i) - 1, state->blocks[i]);
    }
    text_string(text, "</sizes>\n");
    print_sums(text, state, false);
    text_string(text, "</heap>\n");
    print_sums(text, state, true);
    text_string(text, "</malloc>\n");
}

int snug_malloc_info(int options, FILE *stream)
{
    if (options != 0) {
        return EINVAL;
    }
    struct state state = {0};
    look(&state);
    char *const buffer = os_map(TEXT_BYTES); /* the caller's stack may be small */
    if (buffer == NULL) {
        errno = ENOMEM;
        return -1;
    }
    struct text text = {buffer, TEXT_BYTES - 1, 0};
    print(&text, &state);
    const int result = fputs(buffer, stream); /* which may allocate */
    os_unmap(buffer, TEXT_BYTES);
    return result < 0 ? -1 : 0;
}
