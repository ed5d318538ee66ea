#include "debug/leak.h"

#include <dlfcn.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/output.h"
#include "debug/altstack.h"
#include "debug/arena.h"
#include "debug/options.h"
#include "debug/report.h"
#include "debug/roots.h"
#include "debug/suppress.h"
#include "debug/table.h"
#include "heap/heap.h"

/* A program that is linked statically may do without it. */
#pragma weak dlsym

enum verdict {
    LOST,          /* nothing leads there */
    LOST_INDIRECT, /* only lost blocks do */
    REACHED
};

struct suspect {
    const char *memory; /* sorted by this */
    size_t memory_bytes;
    const char *payload;
    size_t size;
    uint32_t stack;
    uint32_t verdict; /* enum verdict */
};

struct group { /* lost blocks of one call stack */
    uint32_t stack;
    uint32_t verdict;
    size_t blocks;
    size_t bytes;
};

/* The search at hand, under the heap lock. */
static struct {
    struct suspect *suspects;
    size_t count;
    uint32_t *waiting; /* reached, their contents not looked at yet */
    size_t waiting_count;
    size_t bytes; /* of both arrays together */
    uint32_t verdict;
    struct group *groups; /* in the same memory as waiting */
    size_t group_count;
} search;

static void swap(char *a, char *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const char c = a[i];
        a[i] = b[i];
        b[i] = c;
    }
}

/* A heap sort (Knuth 5.2.3): libc's qsort may allocate. */
static void sort(char *base, size_t count, size_t bytes,
                 bool (*before)(const void *a, const void *b))
{
    for (size_t end = count, start = count / 2; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            end--;
            swap(base, base + end * bytes, bytes);
        }
        for (size_t root = start, child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end &&
                before(base + child * bytes, base + (child + 1) * bytes)) {
                child++;
            }
            if (!before(base + root * bytes, base + child * bytes)) {
                break;
            }
            swap(base + root * bytes, base + child * bytes, bytes);
        }
    }
}

static bool by_memory(const void *a, const void *b)
{
    const struct suspect *const left = a, *const right = b;
    return (uintptr_t)left->memory < (uintptr_t)right->memory;
}

static bool by_stack(const void *a, const void *b)
{
    const struct suspect *const left = a, *const right = b;
    return left->verdict != right->verdict ? left->verdict < right->verdict
                                           : left->stack < right->stack;
}

static bool by_bytes(const void *a, const void *b)
{
    const struct group *const left = a, *const right = b;
    return left->verdict != right->verdict ? left->verdict < right->verdict
                                           : left->bytes > right->bytes;
}

/* The block whose memory an address is in; NULL: none. */
static struct suspect *suspect_around(uintptr_t address)
{
    size_t low = 0, high = search.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if ((uintptr_t)search.suspects[middle].memory <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    struct suspect *const suspect = &search.suspects[low - 1];
    const size_t bytes = suspect->memory_bytes != 0 ? suspect->memory_bytes : 1;
    return address - (uintptr_t)suspect->memory < bytes ? suspect : NULL;
}

static void look_at_words(const uintptr_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct suspect *const suspect = suspect_around(words[i]);
        const size_t size = suspect != NULL && suspect->size != 0 ? suspect->size : 1;
        if (suspect != NULL && suspect->verdict < search.verdict &&
            words[i] - (uintptr_t)suspect->payload < size) {
            suspect->verdict = search.verdict;
            search.waiting[search.waiting_count++] =
                (uint32_t)(suspect - search.suspects);
        }
    }
}

static void look_into_waiting(void)
{
    while (search.waiting_count > 0) {
        const struct suspect *const suspect =
            &search.suspects[search.waiting[--search.waiting_count]];
        debug_roots_visit_block(suspect->payload, suspect->size, look_at_words);
    }
}

/* Pages of blocks, of the heap, and of what we keep about them. */
static bool skip_page(uintptr_t page)
{
    for (const struct heap_region *r = heap.regions; r != NULL; r = r->older) {
        /* Before the first region stands our map, before another maybe others' data. */
        const uintptr_t begin =
            r->older == NULL ? align_down((uintptr_t)r, PAGE_BYTES) : (uintptr_t)r;
        if (page >= begin && page < (uintptr_t)heap_region_end(r)) {
            return true;
        }
    }
    return page - (uintptr_t)search.suspects < search.bytes ||
           debug_table_holds(page) || debug_altstack_holds(page) ||
           suspect_around(page) != NULL;
}

/* Blocks reached only from lost ones; of a ring of lost blocks one stays lost. */
static void find_indirect(void)
{
    search.verdict = LOST_INDIRECT;
    for (size_t i = 0; i < search.count; i++) {
        struct suspect *const suspect = &search.suspects[i];
        if (suspect->verdict == LOST) {
            suspect->verdict = REACHED; /* for now: it is not to find itself */
            search.waiting[search.waiting_count++] = (uint32_t)i;
            look_into_waiting();
            suspect->verdict = LOST;
        }
    }
}

static bool collect_suspects(void)
{
    const size_t most = debug_totals.live_blocks + 1;
    const size_t each = sizeof(struct suspect) + sizeof(struct group);
    search.bytes = most * each;
    search.suspects = heap_map(search.bytes);
    if (search.suspects == NULL) {
        return false;
    }
    search.groups = (struct group *)(search.suspects + most);
    search.waiting = (uint32_t *)(void *)search.groups;
    search.count = search.waiting_count = search.group_count = 0;
    const struct debug_block *block = NULL;
    while ((block = debug_table_next(block)) != NULL) {
        if (!block->freed) {
            search.suspects[search.count++] =
                (struct suspect){block->memory, block->memory_bytes, block->payload,
                                 block->size,   block->allocated_at, LOST};
        }
    }
    sort((char *)search.suspects, search.count, sizeof *search.suspects, by_memory);
    return true;
}

static void collect_groups(void)
{
    sort((char *)search.suspects, search.count, sizeof *search.suspects, by_stack);
    const struct suspect *suspect = search.suspects;
    const struct suspect *const end = suspect + search.count;
    for (; suspect < end && suspect->verdict != REACHED; suspect++) {
        struct group *group = &search.groups[search.group_count];
        if (search.group_count == 0 || group[-1].stack != suspect->stack ||
            group[-1].verdict != suspect->verdict) {
            *group = (struct group){suspect->stack, suspect->verdict, 0, 0};
            search.group_count++;
        } else {
            group--;
        }
        group->blocks++;
        group->bytes += suspect->size;
    }
    sort((char *)search.groups, search.group_count, sizeof *search.groups, by_bytes);
}

static void add_amount(struct text *text, size_t bytes, size_t blocks)
{
    text_format(text, "%zu byte%s in %zu block%s", bytes, bytes == 1 ? "" : "s", blocks,
                blocks == 1 ? "" : "s");
}

static void print_group(const struct group *group, bool searched)
{
    const struct debug_stack stack = debug_stack_load(group->stack);
    char line[160];
    struct text text = {line, sizeof line, 0};
    text_format(&text, "  ");
    add_amount(&text, group->bytes, group->blocks);
    text_format(&text, " %s%s\n",
                !searched                ? "never freed"
                : group->verdict == LOST ? "lost"
                                         : "to which only lost blocks lead",
                stack.count > 0 ? ", allocated here:" : "");
    output_write(&text);
    debug_report_stack(&stack);
}

static void print_totals(struct group lost, struct group suppressed, bool searched)
{
    char line[240];
    struct text text = {line, sizeof line, 0};
    text_format(&text, searched ? "snug: leaks: " : "snug: never freed: ");
    add_amount(&text, lost.bytes, lost.blocks);
    if (suppressed.blocks > 0) {
        text_format(&text, "; suppressed: ");
        add_amount(&text, suppressed.bytes, suppressed.blocks);
    }
    text_format(&text, "\n");
    output_write(&text);
}

/* What is suppressed counts, and is left out. Returns the blocks lost. */
static size_t print_leaks(bool quiet, bool searched)
{
    struct group lost = {0}, suppressed = {0};
    size_t kept = 0;
    for (size_t i = 0; i < search.group_count; i++) {
        const struct group group = search.groups[i];
        const struct debug_stack stack = debug_stack_load(group.stack);
        const bool known = debug_suppressed(&stack);
        struct group *const sum = known ? &suppressed : &lost;
        sum->blocks += group.blocks;
        sum->bytes += group.bytes;
        if (!known) {
            search.groups[kept++] = group;
        }
    }
    if (!quiet || lost.blocks > 0) {
        print_totals(lost, suppressed, searched);
    }
    for (size_t i = 0; i < kept; i++) {
        print_group(&search.groups[i], searched);
    }
    return lost.blocks;
}

struct inquiry {
    const char *stack; /* what lies below is not the program's */
    bool quiet;
    size_t blocks_lost;
};

static void find_leaks(void *argument)
{
    struct inquiry *const inquiry = argument;
    bool locked;
    if (!lock_acquire_to_look(&heap_lock, &locked)) {
        return;
    }
    if (search.bytes != 0 || !collect_suspects()) { /* another thread is at it */
        lock_release(&heap_lock, locked);
        return;
    }
    search.verdict = REACHED;
    /* Without a block there is nothing to seek: in a program with a sanitizer's malloc,
     * whose shadow memory takes a minute to look through. */
    const bool searched = search.count == 0 ||
                          debug_roots_visit(inquiry->stack, look_at_words, skip_page);
    look_into_waiting();
    if (searched) {
        find_indirect();
    }
    debug_roots_end();
    collect_groups();
    lock_release(&heap_lock, locked);
    debug_inside++;
    inquiry->blocks_lost = print_leaks(inquiry->quiet, searched);
    debug_inside--;
    os_unmap(search.suspects, search.bytes);
    search.bytes = 0;
}

/* The registers that callers expect back are saved next to the frame address. */
#define SAVED_REGISTERS_BYTES 128

size_t debug_leak_report(bool quiet)
{
    __builtin_unwind_init(); /* all of them */
    struct inquiry inquiry = {
        .stack = (const char *)__builtin_frame_address(0) - SAVED_REGISTERS_BYTES,
        .quiet = quiet,
    };
    debug_altstack_run(find_leaks, &inquiry);
    return inquiry.blocks_lost;
}

void debug_leak_report_at_exit(void)
{
    if (debug_options.leaks == 0 || debug_leak_report(true) == 0 ||
        debug_options.exit_code == 0) {
        return;
    }
    /* What stdio holds back would be lost: exit writes it only after this. */
    int (*flush)(void *) = NULL;
    if (dlsym != NULL) {
        debug_inside++;
        *(void **)&flush = dlsym(RTLD_DEFAULT, "fflush");
        debug_inside--;
    }
    if (flush != NULL) {
        flush(NULL);
    }
    _exit((int)debug_options.exit_code);
}
