/* A shadow model: for each live block what was asked for and what it holds, whichever
 * of the calls it came by. */
#ifndef SNUG_TEST_SHADOW_H
#define SNUG_TEST_SHADOW_H

#include "snug.h"

#include "child.h"
#include "pattern.h"
#include "random.h"

enum {
    SMALL_BITS = 11,   /* most blocks: 2 KiB */
    MEDIUM_BITS = 16,  /* one in 16 */
    LARGEST_BITS = 22, /* one in 256: 4 MiB */
    HUGE_BITS = 27,    /* now and then */
    ALIGNMENT_BITS = 13
};

struct slot {
    char *block; /* NULL: none */
    size_t size;
    size_t alignment; /* asked for; 0: none */
    uint64_t seed;    /* of its contents */
};

/* The size may become what is asked for in the end. */
static inline void *allocate_somehow(struct random *random, size_t *size,
                                     size_t *alignment)
{
    void *block = NULL;
    *alignment = (size_t)1 << random_below(random, ALIGNMENT_BITS);
    switch (random_below(random, 16)) {
    case 0:
        return snug_aligned_alloc(*alignment, *size);
    case 1:
        *alignment *= 8;
        CHECK(snug_posix_memalign(&block, *alignment, *size) == 0);
        return block;
    case 2:
        return snug_memalign(*alignment, *size);
    default:
        *alignment = 0;
        break;
    }
    switch (random_below(random, 16)) {
    case 0:
    case 1:
        *size = *size / 8 * 8;
        block = snug_calloc(*size / 8, 8);
        CHECK(block == NULL || pattern_is_zero(block, *size));
        return block;
    case 2:
        return snug_realloc(NULL, *size);
    case 3:
        return snug_reallocarray(NULL, 1, *size);
    case 4:
        *alignment = 4096;
        return snug_valloc(*size);
    case 5:
        *alignment = 4096;
        *size = (*size / 4096 + 1) * 4096;
        return snug_pvalloc(*size);
    default:
        return snug_malloc(*size);
    }
}

static inline void describe(struct random *random, struct slot *slot, char *block,
                            size_t size, size_t alignment)
{
    const size_t least = size <= 8 ? 8 : 16;
    CHECK(block != NULL);
    CHECK_NUMBERS((uintptr_t)block % (alignment > least ? alignment : least), ==, 0);
    CHECK_NUMBERS(snug_malloc_usable_size(block), >=, size);
    *slot = (struct slot){block, size, alignment, random_next(random)};
    pattern_fill(block, size, slot->seed);
}

static inline void check_contents(const struct slot *slot)
{
    CHECK(pattern_holds(slot->block, slot->size, slot->size, slot->seed));
}

static inline void release(struct random *random, struct slot *slot)
{
    check_contents(slot);
    switch (random_below(random, 8)) {
    case 0:
        if (slot->alignment != 0) {
            snug_free_aligned_sized(slot->block, slot->alignment, slot->size);
        } else {
            snug_free_sized(slot->block, slot->size);
        }
        break;
    case 1:
        CHECK(snug_realloc(slot->block, 0) == NULL);
        break;
    default:
        snug_free(slot->block);
        break;
    }
    slot->block = NULL;
}

/* Mostly small, so that a run is many operations and not much filling. */
static inline size_t some_size(struct random *random)
{
    const size_t kind = random_below(random, 8192);
    return random_size(random, kind == 0    ? HUGE_BITS
                               : kind < 32  ? LARGEST_BITS
                               : kind < 512 ? MEDIUM_BITS
                                            : SMALL_BITS);
}

static inline void resize(struct random *random, struct slot *slot)
{
    const size_t size = 1 + some_size(random);
    char *const block = random_below(random, 4) == 0
                            ? snug_reallocarray(slot->block, size, 1)
                            : snug_realloc(slot->block, size);
    CHECK(block != NULL);
    const size_t kept = size < slot->size ? size : slot->size;
    CHECK(pattern_holds(block, kept, slot->size, slot->seed));
    describe(random, slot, block, size, 0);
}

#endif
