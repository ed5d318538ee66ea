#include "debug/guard.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "base/descriptor.h"
#include "base/os.h"
#include "base/output.h"
#include "debug/options.h"

/* A live block takes two mappings, its pages and the guard between it and the next. */
#define MAPPINGS_A_BLOCK 2
/* Left for the rest of the process: stacks, libraries, its own mappings. */
#define MAPPINGS_SPARED ((size_t)8192)
#define MAPPINGS_DEFAULT ((size_t)65530)

/* Where address space is limited, blocks with guards take this share of it at most. */
#define ADDRESS_SPACE_SHARE 2

static size_t open_blocks, most_blocks;
static size_t open_bytes, most_bytes; /* of address space */

/* vm.max_map_count. */
static size_t read_mapping_limit(void)
{
    char digits[24] = "";
    const int file = descriptor_open("/proc/sys/vm/max_map_count", O_RDONLY);
    const ssize_t length = descriptor_read(file, digits, sizeof digits - 1);
    descriptor_close_number(file);
    const size_t limit = length > 0 ? text_to_number(digits, strcspn(digits, "\n")) : 0;
    return limit != 0 && limit != SIZE_MAX ? limit : MAPPINGS_DEFAULT;
}

void debug_guard_warn(void)
{
    static bool warned;
    if (!warned) {
        warned = true;
        output_print("snug: guard: no room for guard pages after %zu live blocks (see "
                     "vm.max_map_count and ulimit -v); further ones get red zones\n",
                     open_blocks);
    }
}

void debug_guard_begin(void)
{
    const size_t limit = read_mapping_limit();
    const size_t spared = limit > 2 * MAPPINGS_SPARED ? MAPPINGS_SPARED : limit / 2;
    most_blocks = (limit - spared) / MAPPINGS_A_BLOCK;
    most_bytes = os_limit(RLIMIT_AS) / ADDRESS_SPACE_SHARE;
}

bool debug_guard_has_room(void)
{
    return open_blocks < most_blocks && open_bytes < most_bytes;
}

char *debug_guard_map(size_t bytes, size_t alignment)
{
    const size_t more = alignment > PAGE_BYTES ? alignment : 0;
    const size_t whole_bytes = bytes + more + 2 * PAGE_BYTES;
    char *const whole = os_reserve(whole_bytes);
    if (whole == NULL) {
        return NULL;
    }
    char *const memory =
        (char *)align_up((uintptr_t)whole + PAGE_BYTES, more != 0 ? more : PAGE_BYTES);
    os_unmap_around(whole, whole_bytes, memory - PAGE_BYTES, bytes + 2 * PAGE_BYTES);
    if (!os_purge(memory, bytes)) {
        os_unmap(memory - PAGE_BYTES, bytes + 2 * PAGE_BYTES);
        return NULL;
    }
    return memory;
}

/* At what the payload stands, and so what its end may leave free before the guard. */
static size_t end_alignment(size_t size, size_t alignment)
{
    if (alignment >= ALIGNMENT_BYTES) {
        return alignment;
    }
    if (debug_options.guard_alignment < ALIGNMENT_BYTES) {
        return alignment > debug_options.guard_alignment
                   ? alignment
                   : debug_options.guard_alignment;
    }
    return size <= 8 ? 8 : ALIGNMENT_BYTES; /* nothing so small needs more */
}

bool debug_guard_place(struct debug_block *block, size_t alignment)
{
    const size_t bytes = align_up(block->size != 0 ? block->size : 1, PAGE_BYTES);
    char *const memory = debug_guard_map(bytes, alignment);
    if (memory == NULL) {
        return false;
    }
    open_blocks++;
    open_bytes += bytes + 2 * PAGE_BYTES;
    block->home = DEBUG_IN_PAGES;
    block->memory = memory;
    block->memory_bytes = bytes;
    block->payload = memory;
    if (alignment <= PAGE_BYTES) {
        const size_t end = end_alignment(block->size, alignment);
        block->payload += align_down(bytes - block->size, end);
    }
    return true;
}

bool debug_guard_place_zero_size(struct debug_block *block, size_t alignment)
{
    /* Addresses are not used again: a second free of one is always noticed. */
    static const size_t chunk_bytes = MIB;
    static uintptr_t next, end;
    if (alignment > PAGE_BYTES) {
        return false;
    }
    const size_t step = larger(alignment, ALIGNMENT_BYTES);
    uintptr_t address = align_up(next, step);
    if (address + 2 * step > end) {
        const uintptr_t chunk = (uintptr_t)os_reserve(chunk_bytes);
        if (chunk == 0) {
            return false;
        }
        end = chunk + chunk_bytes;
        address = chunk + step;
    }
    next = address + ALIGNMENT_BYTES;
    block->home = DEBUG_IN_NOTHING;
    block->payload = block->memory = (char *)address;
    block->memory_bytes = 0;
    return true;
}

void debug_guard_close(struct debug_block *block)
{
    open_blocks--;
    open_bytes -= block->memory_bytes + 2 * PAGE_BYTES;
    os_close_pages(block->memory, block->memory_bytes);
}

void debug_guard_release(const struct debug_block *block)
{
    os_unmap(block->memory - PAGE_BYTES, block->memory_bytes + 2 * PAGE_BYTES);
}
