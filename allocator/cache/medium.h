/* Quick lists of medium blocks, in single-threaded processes, and deferred coalescing.
 *
 * To coalesce a block at once and split one for the next request costs ten times what
 * malloc and free of a small object do, and programs free and ask for similar sizes all
 * the time. So freed blocks wait in quick lists, eight for each doubling of the size; a
 * request takes the first of its class if that is large enough, or of the next class,
 * whose blocks all are. A block that waits is in use as far as the heap knows: its tag
 * is not touched, it is linked, with a canary, as object.h says.
 *
 * Blocks that wait do not coalesce, and what they could serve would be cut from other
 * memory: so they all go back before a free block of more than one and a half times the
 * size is broken when they are many, and always before the heap grows (heap_allocate
 * fails until then). Thread-local, no lock; multi-threaded processes have lists of
 * another kind (cache.h). */
#ifndef SNUG_MEDIUM_H
#define SNUG_MEDIUM_H

#include "heap/heap.h"
#include "small/class.h"

#define QUICK_CLASSES ((size_t)8 << MEDIUM_CLASS_SHIFT)

/* Only the first thread that comes to a slow path has lists that may be filled: they
 * are not thread-local. */
struct medium_cache {
    struct block **lists; /* by class; one more stays empty */
    uint64_t filled;      /* classes that were filled since all were given back */
    size_t limit_bytes;   /* of the sum; 0 at first, so that the first block sets it */
    bool open;            /* false: the lists stay empty, the limit is 0 */
    bool lean;            /* most of the heap is free: the limit is low */
};

static_assert(MEDIUM_LIMIT_BYTES <= (size_t)1 << (MEDIUM_FIRST_LOG2 + 8),
              "a block up to the limit has a class");
static_assert(QUICK_CLASSES <= 64, "a bit for each");

extern OUR_OWN __thread struct medium_cache medium_cache;

static ALWAYS_INLINE struct block *medium_pop(size_t class)
{
    struct block *const block = medium_cache.lists[class];
    void *const payload = block_payload(block);
    object_require_free(payload);
    medium_cache.lists[class] = (struct block *)object_link(payload);
    object_set_live(payload);
    heap_quick_bytes -= block_size(block);
    return block;
}

/* A block of at least this size, in use; NULL if no list has one. block_bytes <=
 * MEDIUM_LIMIT_BYTES. */
static ALWAYS_INLINE struct block *medium_take(size_t block_bytes)
{
    static const struct block none;
    size_t class = medium_class(block_bytes);
    const struct block *const first = medium_cache.lists[class];
    /* Whether the first of the class is large enough nobody can predict: no branch. */
    class += block_size(first != NULL ? first : &none) < block_bytes;
    return LIKELY(medium_cache.lists[class] != NULL) ? medium_pop(class) : NULL;
}

static ALWAYS_INLINE bool medium_has_room(void)
{
    return heap_quick_bytes < medium_cache.limit_bytes;
}

/* The program has freed a block, and there is room for it. block_bytes as above. */
static ALWAYS_INLINE void medium_push(struct block *block, size_t block_bytes)
{
    const size_t class = medium_class(block_bytes);
    object_set_free(block_payload(block), (uintptr_t)medium_cache.lists[class]);
    medium_cache.lists[class] = block;
    medium_cache.filled |= (uint64_t)1 << class;
    heap_quick_bytes += block_bytes;
}

/* The calling thread is the first: it has quick lists from now on. Under the heap
 * lock. */
void medium_begin(void);
/* Whether its lists may be filled from now on, if it is the first; what they hold goes
 * back to the heap. Under the heap lock. */
void medium_open(bool open);
/* Coalesce all that the lists hold, under the heap lock; true if there was any. */
bool medium_return_all(void);
/* Call visit for every block in a quick list. */
void medium_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                  void *context);
/* The first invariant of the calling thread's lists that does not hold; NULL if all
 * hold: every block in them has a canary, is in use by its tag, and of its list's
 * class; the sums are right. */
const char *medium_check(void);
/* How much the lists may hold: less while most of the heap is free. Under the heap
 * lock. */
void medium_set_lean(bool lean);

#endif
