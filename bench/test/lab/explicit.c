/* An allocator of the second kind that textbooks show: an explicit list.
 *
 * Boundary tags as in implicit.c, but free blocks are linked to each other through
 * their payloads, the one freed last in front. Allocation looks at free blocks only,
 * first fit: O(free blocks). Freeing and merging take constant time. */
#include "mm.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "memlib.h"

enum {
    WORD_BYTES = sizeof(size_t),
    UNIT_BYTES = 16,
    LEAST_BYTES = 32, /* header, two links, footer */
    GROWTH_BYTES = 4096,
    ALLOCATED_FLAG = 1,
};

/* Lies in the payload of a free block. */
struct links {
    struct links *next, *previous;
};

static struct links *newest; /* NULL: no block is free */

team_t team = {"explicit list", "snug", "snug@example.org", "", ""};

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

static size_t footer_before(char *block)
{
    return *header(block - WORD_BYTES);
}

static void set_tags(char *block, size_t bytes, bool allocated)
{
    *header(block) = bytes | (allocated ? ALLOCATED_FLAG : 0);
    *header(block + bytes - WORD_BYTES) = *header(block);
}

static void list_add(void *block)
{
    struct links *links = block;
    *links = (struct links){.next = newest};
    if (newest != NULL) {
        newest->previous = links;
    }
    newest = links;
}

static void list_remove(void *block)
{
    const struct links *links = block;
    if (links->previous != NULL) {
        links->previous->next = links->next;
    } else {
        newest = links->next;
    }
    if (links->next != NULL) {
        links->next->previous = links->previous;
    }
}

/* A block that has become free, not in the list yet: merged with its free neighbours,
 * and in the list. */
static char *add_free(char *block)
{
    char *next = next_of(block);
    size_t bytes = size_of(block);
    if (!is_allocated(next)) {
        list_remove(next);
        bytes += size_of(next);
    }
    if ((footer_before(block) & ALLOCATED_FLAG) == 0) {
        bytes += footer_before(block);
        block -= footer_before(block);
        list_remove(block);
    }
    set_tags(block, bytes, false);
    list_add(block);
    return block;
}

static char *grow(size_t bytes)
{
    char *block = mem_sbrk((intptr_t)bytes);
    if (block == (void *)-1) {
        return NULL;
    }
    set_tags(block, bytes, false);
    *header(next_of(block)) = ALLOCATED_FLAG; /* the end mark */
    return add_free(block);
}

int mm_init(void)
{
    char *heap = mem_sbrk(2 * UNIT_BYTES);
    if (heap == (void *)-1) {
        return -1;
    }
    newest = NULL;
    set_tags(heap + UNIT_BYTES, UNIT_BYTES, true);
    *header(next_of(heap + UNIT_BYTES)) = ALLOCATED_FLAG;
    return 0;
}

static char *find(size_t bytes)
{
    for (struct links *links = newest; links != NULL; links = links->next) {
        char *block = (char *)links;
        if (size_of(block) >= bytes) {
            return block;
        }
    }
    return NULL;
}

/* What an allocated block does not need becomes a free one, if it can be one. The block
 * behind is allocated. */
static void trim(char *block, size_t bytes)
{
    const size_t rest = size_of(block) - bytes;
    if (rest >= LEAST_BYTES) {
        set_tags(block, bytes, true);
        set_tags(next_of(block), rest, false);
        list_add(next_of(block));
    }
}

static void place(char *block, size_t bytes)
{
    list_remove(block);
    set_tags(block, size_of(block), true);
    trim(block, bytes);
}

static size_t block_bytes(size_t payload_bytes)
{
    const size_t tagged = payload_bytes + (size_t)2 * WORD_BYTES;
    const size_t bytes = (tagged + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
    return bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
}

void *mm_malloc(size_t size)
{
    if (size == 0 || size > SIZE_MAX / 2) {
        return NULL;
    }
    const size_t bytes = block_bytes(size);
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
        add_free(ptr);
    }
}

/* In place where the block is large enough, or where it is with the free block behind.
 */
void *mm_realloc(void *ptr, size_t size)
{
    if (ptr == NULL) {
        return mm_malloc(size);
    }
    if (size == 0) {
        mm_free(ptr);
        return NULL;
    }
    const size_t old_bytes = size_of(ptr);
    const size_t bytes = size > SIZE_MAX / 2 ? SIZE_MAX / 2 : block_bytes(size);
    char *next = next_of(ptr);
    if (bytes <= old_bytes) {
        return ptr;
    }
    if (!is_allocated(next) && old_bytes + size_of(next) >= bytes) {
        list_remove(next);
        set_tags(ptr, old_bytes + size_of(next), true);
        trim(ptr, bytes);
        return ptr;
    }
    void *moved = mm_malloc(size);
    if (moved != NULL) {
        memcpy(moved, ptr, old_bytes - (size_t)2 * WORD_BYTES);
        mm_free(ptr);
    }
    return moved;
}
