/* Medium blocks: a single-threaded process keeps what it frees for the next request.
 *
 * To coalesce a block at once and split one for the next request costs ten times what
 * malloc and free of a small object do, and programs free and ask for similar sizes all
 * the time. So freed blocks wait in lists, eight for each doubling of the size; a
 * request takes the first of its class if that is large enough, or of the next class,
 * whose blocks all are. A kept block is in use as far as the heap knows: its tag is not
 * touched, it is linked, with a canary, as object.h says.
 *
 * Blocks that wait do not coalesce, and what they could serve would be cut from other
 * memory: so they all go back before a free block of more than one and a half times the
 * size is broken when they are many, and always before the heap grows (heap_allocate
 * fails until then). Thread-local, no lock; those of a multi-threaded process have
 * lists of another kind (cache.h). */
#ifndef SNUG_MEDIUM_H
#define SNUG_MEDIUM_H

#include "heap/heap.h"
#include "small/class.h"

#define MEDIUM_KEPT_CLASSES ((size_t)8 << MEDIUM_CLASS_SHIFT)

/* Only the first thread that comes to a slow path has lists that may be filled: they are
 * not thread-local. */
struct medium_cache {
    struct block **kept; /* by class; one more stays empty */
    uint64_t filled;     /* classes in which any was kept since all were given back */
    size_t limit_bytes;  /* to keep; 0 at first, so that the first block sets it */
    bool open;           /* false: nothing is kept, the limit is 0 */
    bool lean;           /* most of the heap is free: little is kept */
};

static_assert(MEDIUM_LIMIT_BYTES <= (size_t)1 << (MEDIUM_FIRST_LOG2 + 8),
              "a block up to the limit has a class");
static_assert(MEDIUM_KEPT_CLASSES <= 64, "a bit for each");

extern OUR_OWN __thread struct medium_cache medium_cache;

static ALWAYS_INLINE struct block *medium_pop(size_t class)
{
    struct block *const block = medium_cache.kept[class];
    void *const payload = block_payload(block);
    object_require_free(payload);
    medium_cache.kept[class] = (struct block *)object_link(payload);
    object_set_live(payload);
    heap_kept_bytes -= block_size(block);
    return block;
}

/* A kept block of at least this size, in use; NULL if there is none. block_bytes <=
 * MEDIUM_LIMIT_BYTES. */
static ALWAYS_INLINE struct block *medium_take(size_t block_bytes)
{
    static const struct block none;
    size_t class = medium_class(block_bytes);
    const struct block *const first = medium_cache.kept[class];
    /* Whether the first of the class is large enough nobody can predict: no branch. */
    class += block_size(first != NULL ? first : &none) < block_bytes;
    return LIKELY(medium_cache.kept[class] != NULL) ? medium_pop(class) : NULL;
}

static ALWAYS_INLINE bool medium_has_room(void)
{
    return heap_kept_bytes < medium_cache.limit_bytes;
}

/* Keep a block in use that the program has freed, where there is room. block_bytes as
 * above. */
static ALWAYS_INLINE void medium_keep(struct block *block, size_t block_bytes)
{
    const size_t class = medium_class(block_bytes);
    object_set_free(block_payload(block), (uintptr_t)medium_cache.kept[class]);
    medium_cache.kept[class] = block;
    medium_cache.filled |= (uint64_t)1 << class;
    heap_kept_bytes += block_bytes;
}

/* The calling thread is the first: it keeps blocks from now on. Under the heap lock. */
void medium_begin(void);
/* Whether it keeps blocks from now on, if it is the first; what it keeps goes back to
 * the heap. Under the heap lock. */
void medium_open(bool open);
/* Give all kept blocks back to the heap, under its lock; true if there were any. */
bool medium_return_all(void);
/* Call visit for every kept block. */
void medium_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                  void *context);
/* The first invariant of the calling thread's lists that does not hold; NULL if all
 * hold: every kept block has a canary, is in use by its tag, and of its list's class;
 * the sums are right. */
const char *medium_check(void);
/* How much may be kept: less while most of the heap is free. Under the heap lock. */
void medium_set_lean(bool lean);

#endif
