/* Statistics and parameters: mallinfo2, malloc_stats, malloc_trim, mallopt, checks. */
#include "snug.h"

#include "api/entry.h"
#include "base/output.h"
#include "cache/pressure.h"

/* The most that M_MXFAST may be, as in glibc. */
#define MXFAST_LIMIT_BYTES (80 * sizeof(size_t) / 4)

struct free_blocks {
    size_t count;
    size_t bytes;
};

static void add_free_block(const struct block *block, size_t bytes, void *context)
{
    (void)block;
    struct free_blocks *const sum = context;
    sum->count++;
    sum->bytes += bytes;
}

struct mallinfo2 snug_mallinfo2(void)
{
    const bool locked = lock_acquire(&heap_lock);
    struct free_blocks sum = {0, 0};
    bins_visit(&heap_bins, add_free_block, &sum);
    cache_visit_medium(add_free_block, &sum);
    const struct large_counts large = large_counts();
    const size_t top_bytes = (size_t)(heap.end - heap.top);
    size_t small_bytes = 0;
    for (size_t class = 1; class < SMALL_CLASS_COUNT; class ++) {
        small_bytes += run_free_bytes(class) + cache_free_bytes(class);
    }
    const size_t free_bytes =
        sum.bytes + top_bytes + small_bytes + depot_bytes(true);
    const struct mallinfo2 info = {
        .arena = heap.region_bytes,
        .ordblks = sum.count,
        .hblks = large.blocks,
        .hblkhd = large.bytes,
        .fsmblks = small_bytes,
        .uordblks = heap.region_bytes - free_bytes,
        .fordblks = free_bytes,
        .keepcost = top_bytes,
    };
    lock_release(&heap_lock, locked);
    return info;
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

static void figure(struct text *text, const char *name, uint64_t number,
                   const char *unit)
{
    text_string(text, name);
    text_decimal(text, number);
    text_string(text, unit);
}

void snug_malloc_stats(void)
{
    const struct mallinfo2 info = snug_mallinfo2();
    const struct snug_system_calls calls = snug_system_calls();
    char buffer[1024];
    struct text text = {buffer, sizeof buffer, 0};
    figure(&text, "snug: heap      ", info.arena, " bytes reserved, ");
    figure(&text, "", info.uordblks, " in use, ");
    figure(&text, "", info.fordblks, " free in ");
    figure(&text, "", info.ordblks, " blocks, the top of ");
    figure(&text, "", info.keepcost, ", small objects of ");
    figure(&text, "", info.fsmblks, " and caches\n");
    figure(&text, "snug: large     ", info.hblkhd, " bytes in ");
    figure(&text, "", info.hblks, " mappings\n");
    figure(&text, "snug: calls     brk ", calls.brk, ", ");
    figure(&text, "mmap ", calls.mmap, ", ");
    figure(&text, "munmap ", calls.munmap, ", ");
    figure(&text, "mremap ", calls.mremap, ", ");
    figure(&text, "madvise ", calls.madvise, "\n");
    output_write(&text);
}

int snug_malloc_trim(size_t pad)
{
    const bool locked = lock_acquire(&heap_lock);
    const bool given_back = pressure_trim(pad);
    lock_release(&heap_lock, locked);
    return given_back ? 1 : 0;
}

/* Under the lock. false: no parameter of malloc.h, or glibc would refuse the value. */
static bool set_parameter(int parameter, int value)
{
    const size_t bytes = value < 0 ? SIZE_MAX : (size_t)value;
    switch (parameter) {
    case M_MMAP_THRESHOLD:
        policy_set_mmap_threshold(bytes);
        return true;
    case M_MMAP_MAX:
        policy_allow_mappings(value > 0);
        return true;
    case M_TRIM_THRESHOLD:
        pressure.never = value < 0;
        return true;
    case M_TOP_PAD:
        heap.top_pad_bytes = bytes;
        return true;
    case M_MXFAST:
        return bytes <= MXFAST_LIMIT_BYTES;
    case M_NLBLKS:
    case M_GRAIN:
    case M_KEEP:
    case M_CHECK_ACTION:
    case M_PERTURB:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return true;
    default:
        return false;
    }
}

int snug_mallopt(int parameter, int value)
{
    const bool locked = lock_acquire(&heap_lock);
    const bool done = set_parameter(parameter, value);
    lock_release(&heap_lock, locked);
    return done ? 1 : 0;
}

const char *snug_check_heap(void)
{
    const bool locked = lock_acquire(&heap_lock);
    const char *broken = heap_check();
    if (broken == NULL) {
        broken = run_check();
    }
    if (broken == NULL) {
        broken = pages_check();
    }
    if (broken == NULL) {
        broken = large_check();
    }
    if (broken == NULL) {
        broken = cache_check();
    }
    lock_release(&heap_lock, locked);
    return broken;
}
