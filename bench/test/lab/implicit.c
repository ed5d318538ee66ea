/* An allocator of the first kind that textbooks show: an implicit list.
 *
 * The heap is one row of blocks, free and allocated; each begins and ends with a word
 * that holds its size and whether it is allocated (boundary tags), so that both
 * neighbours of a block are found without any pointers. Allocation walks the row from
 * the beginning and takes the first free block that is large enough: O(blocks). */
#include "mm.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "memlib.h"

enum {
    WORD_BYTES = sizeof(size_t),
    UNIT_BYTES = 16,     /* sizes and payload addresses are multiples of it */
    GROWTH_BYTES = 4096, /* the heap grows by at least this much */
    ALLOCATED_FLAG = 1,
};

static char *first_block; /* the payload address of the first block */

team_t team = {"implicit list", "snug", "snug@example.org", "", ""};

/* A block is known by its payload address; its header is the word in front of it. */
static size_t *header(char *block)
{
    return (size_t *)(void *)(block - WORD_BYTES);
}

static size_t size_of(char *block)
{
    return *header(block) & ~(size_t)ALLOCATED_FLAG;
}

static bool is_allocated(char *block)
{
    return (*header(block) & ALLOCATED_FLAG) != 0;
}

static char *next_of(char *block)
{
    return block + size_of(block);
}

/* The word in front of a header is the footer of the block before. */
static size_t footer_before(char *block)
{
    return *header(block - WORD_BYTES);
}

static void set_tags(char *block, size_t bytes, bool allocated)
{
    *header(block) = bytes | (allocated ? ALLOCATED_FLAG : 0);
    *header(block + bytes - WORD_BYTES) = *header(block);
}

/* Merge a free block with its free neighbours; the block that they make together. */
static char *merge(char *block)
{
    char *next = next_of(block);
    size_t bytes = size_of(block);
    if (!is_allocated(next)) {
        bytes += size_of(next);
    }
    if ((footer_before(block) & ALLOCATED_FLAG) == 0) {
        bytes += footer_before(block);
        block -= footer_before(block);
    }
    set_tags(block, bytes, false);
    return block;
}

/* The old end mark becomes the header of a new free block. */
static char *grow(size_t bytes)
{
    char *block = mem_sbrk((intptr_t)bytes);
    if (block == (void *)-1) {
        return NULL;
    }
    set_tags(block, bytes, false);
    *header(next_of(block)) = ALLOCATED_FLAG; /* the end mark: allocated, of no size */
    return merge(block);
}

int mm_init(void)
{
    /* A word of nothing, so that payloads are aligned; a block of two words that is
     * never freed, so that merging stops at it; the end mark. */
    char *heap = mem_sbrk(2 * UNIT_BYTES);
    if (heap == (void *)-1) {
        return -1;
    }
    first_block = heap + UNIT_BYTES;
    set_tags(first_block, UNIT_BYTES, true);
    *header(next_of(first_block)) = ALLOCATED_FLAG;
    return grow(GROWTH_BYTES) != NULL ? 0 : -1;
}

static char *find(size_t bytes)
{
    for (char *block = first_block; size_of(block) > 0; block = next_of(block)) {
        if (!is_allocated(block) && size_of(block) >= bytes) {
            return block;
        }
    }
    return NULL;
}

/* What is left over becomes a free block, if it can be one. */
static void place(char *block, size_t bytes)
{
    const size_t rest = size_of(block) - bytes;
    if (rest >= (size_t)2 * UNIT_BYTES) {
        set_tags(block, bytes, true);
        set_tags(next_of(block), rest, false);
    } else {
        set_tags(block, bytes + rest, true);
    }
}

void *mm_malloc(size_t size)
{
    if (size == 0 || size > SIZE_MAX / 2) {
        return NULL;
    }
    const size_t tagged = size + (size_t)2 * WORD_BYTES;
    const size_t bytes = (tagged + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
    char *block = find(bytes);
    if (block == NULL) {
        block = grow(bytes > GROWTH_BYTES ? bytes : GROWTH_BYTES);
    }
    if (block != NULL) {
        place(block, bytes);
    }
    return block;
}

void mm_free(void *ptr)
{
    if (ptr != NULL) {
        set_tags(ptr, size_of(ptr), false);
        merge(ptr);
    }
}

void *mm_realloc(void *ptr, size_t size)
{
    if (ptr == NULL) {
        return mm_malloc(size);
    }
    if (size == 0) {
        mm_free(ptr);
        return NULL;
    }
    const size_t kept = size_of(ptr) - (size_t)2 * WORD_BYTES;
    if (size <= kept) {
        return ptr;
    }
    void *moved = mm_malloc(size);
    if (moved != NULL) {
        memcpy(moved, ptr, kept);
        mm_free(ptr);
    }
    return moved;
}
