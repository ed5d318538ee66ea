/* An allocator of the third kind that textbooks show: segregated free lists.
 *
 * Free blocks stand in a list of their size class, one class for each power of two, so
 * the search begins among blocks of about the right size. Allocated blocks have a
 * header only: it also says whether the block before is allocated, and only a free
 * block, which has room, ends with its size. Declared as newer courses do it: mm_init
 * returns bool, and the functions have the common names unless a driver is built. */
#include "mm.h"

#include <stdint.h>
#include <string.h>

#include "memlib.h"

#ifdef DRIVER
#define malloc mm_malloc
#define free mm_free
#define realloc mm_realloc
#define calloc mm_calloc
#endif

enum {
    HEADER_BYTES = sizeof(size_t),
    UNIT_BYTES = 16,
    LEAST_BYTES = 32, /* header, two links, footer */
    GROWTH_BYTES = 4096,
    ALLOCATED_FLAG = 1,
    BEFORE_ALLOCATED_FLAG = 2,
    FLAGS = 15,
    CLASS_COUNT = 24,
    FITS_LIMIT = 16, /* how many blocks that fit are looked at for the smallest */
};

struct links {
    struct links *next, *previous;
};

static struct links *classes[CLASS_COUNT];

static size_t *header(char *block)
{
    return (size_t *)(void *)(block - HEADER_BYTES);
}

static size_t size_of(char *block)
{
    return *header(block) & ~(size_t)FLAGS;
}

static char *next_of(char *block)
{
    return block + size_of(block);
}

static bool has_flag(char *block, size_t flag)
{
    return (*header(block) & flag) != 0;
}

/* The list of blocks of `bytes`: 32 to 63, 64 to 127, ... */
static struct links **class_of(size_t bytes)
{
    struct links **list = classes;
    for (bytes /= (size_t)2 * LEAST_BYTES;
         bytes > 0 && list < classes + CLASS_COUNT - 1; bytes /= 2) {
        list++;
    }
    return list;
}

static void list_add(char *block)
{
    struct links *links = (struct links *)(void *)block;
    struct links **list = class_of(size_of(block));
    *links = (struct links){.next = *list};
    if (*list != NULL) {
        (*list)->previous = links;
    }
    *list = links;
}

static void list_remove(char *block)
{
    const struct links *links = (const struct links *)(const void *)block;
    if (links->previous != NULL) {
        links->previous->next = links->next;
    } else {
        *class_of(size_of(block)) = links->next;
    }
    if (links->next != NULL) {
        links->next->previous = links->previous;
    }
}

/* Header, footer and the neighbour's flag of a free block, and into its list. The block
 * before is allocated: it would have been merged. */
static void make_free(char *block, size_t bytes)
{
    *header(block) = bytes | BEFORE_ALLOCATED_FLAG;
    *header(next_of(block)) &= ~(size_t)BEFORE_ALLOCATED_FLAG;
    *header(next_of(block) - HEADER_BYTES) = bytes;
    list_add(block);
}

static char *merge_and_free(char *block)
{
    size_t bytes = size_of(block);
    char *next = next_of(block);
    if (!has_flag(next, ALLOCATED_FLAG)) {
        list_remove(next);
        bytes += size_of(next);
    }
    if (!has_flag(block, BEFORE_ALLOCATED_FLAG)) {
        const size_t before = *header(block - HEADER_BYTES);
        block -= before;
        list_remove(block);
        bytes += before;
    }
    make_free(block, bytes);
    return block;
}

/* The old end mark becomes the header of a new block. */
static char *grow(size_t bytes)
{
    char *block = mem_sbrk((intptr_t)bytes);
    if (block == (void *)-1) {
        return NULL;
    }
    *header(block) = bytes | (*header(block) & BEFORE_ALLOCATED_FLAG);
    *header(next_of(block)) = ALLOCATED_FLAG;
    return merge_and_free(block);
}

bool mm_init(void)
{
    char *heap = mem_sbrk(UNIT_BYTES);
    if (heap == (void *)-1) {
        return false;
    }
    memset(classes, 0, sizeof classes);
    *header(heap + UNIT_BYTES) = ALLOCATED_FLAG | BEFORE_ALLOCATED_FLAG;
    return true;
}

/* The smallest of the first blocks that fit, in the first class that has any. */
static char *find(size_t bytes)
{
    char *best = NULL;
    for (struct links **list = class_of(bytes);
         best == NULL && list < classes + CLASS_COUNT; list++) {
        int fits = 0;
        for (struct links *links = *list; links != NULL && fits < FITS_LIMIT;
             links = links->next) {
            char *block = (char *)links;
            if (size_of(block) >= bytes) {
                fits++;
                best = best == NULL || size_of(block) < size_of(best) ? block : best;
            }
        }
    }
    return best;
}

static void place(char *block, size_t bytes)
{
    const size_t rest = size_of(block) - bytes;
    list_remove(block);
    if (rest < LEAST_BYTES) {
        *header(block) |= ALLOCATED_FLAG;
        *header(next_of(block)) |= BEFORE_ALLOCATED_FLAG;
    } else {
        *header(block) =
            bytes | ALLOCATED_FLAG | (*header(block) & BEFORE_ALLOCATED_FLAG);
        make_free(next_of(block), rest);
    }
}

static size_t block_bytes(size_t payload_bytes)
{
    const size_t bytes =
        (payload_bytes + HEADER_BYTES + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
    return bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
}

void *malloc(size_t size)
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

void free(void *ptr)
{
    if (ptr != NULL) {
        merge_and_free(ptr);
    }
}

void *realloc(void *ptr, size_t size)
{
    if (ptr == NULL) {
        return malloc(size);
    }
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    const size_t kept = size_of(ptr) - HEADER_BYTES;
    if (size <= kept) {
        return ptr;
    }
    void *moved = malloc(size);
    if (moved != NULL) {
        memcpy(moved, ptr, kept);
        free(ptr);
    }
    return moved;
}

void *calloc(size_t count, size_t size)
{
    void *block = malloc(count * size);
    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}
