/* The heap: one region of address space from brk, grown in large steps, cut into
 * blocks.
 *
 *     first                                   top               end
 *     | block | block | free | block | ... |  unused .......... |
 *
 * The top is the free space behind the last block. It is no block: it is in no bin and
 * is used only when no free block fits, so that it stays in one piece and its pages
 * stay untouched. It begins with a tag of no block, so that an overflow from the last
 * block is noticed. The block before the top is always in use.
 *
 * If somebody else moves the break, or brk is refused, the next extension lies
 * elsewhere: the old region is closed with a fence, a tag of size 0 that counts as in
 * use, and the heap goes on in a new region under the same rules.
 *
 * Invariants (heap_check tests them in this order):
 *     the blocks of a region follow each other without gap up to the fence or the top
 *     the invariants of block.h and bins.h
 *     sum of free block sizes in the heap == sum in the bins
 *     memory from `touched` to `end` has never been written since the kernel gave it
 * Every function below is called with the heap lock held. */
#ifndef SNUG_HEAP_H
#define SNUG_HEAP_H

#include "bins.h"
#include "map.h"

struct heap_region { /* stands in the region's first bytes */
    struct heap_region *older;
    char *end;        /* where the fence is or would be */
    size_t no_footer; /* 0; the first tag stands 8 bytes before a multiple of 16 */
};

struct heap {
    char *top;       /* where the next tag goes; == 8 modulo 16 */
    char *end;       /* of the current region, 8 bytes kept back for a fence */
    char *touched;   /* no byte at or above has been written */
    char *dirty_end; /* of the last block allocated: its bytes from here on are zero */
    char *break_end; /* where our last brk ended; NULL: the region is not from brk */
    struct heap_region *regions; /* newest first */
    struct block *stranded; /* freed, but there was no memory for a record: linked by
                               their payloads, tried again at later frees */
    size_t region_bytes;    /* sum over regions: address space taken */
    size_t touched_bytes;   /* sum over regions, less what was given back */
    size_t trim_threshold_bytes;
    size_t top_pad_bytes; /* kept above the top at a trim */
    uint64_t trimmed_at_ns;
    size_t trimmed_pages;    /* by the last trim */
    unsigned trim_patience;  /* frees to let pass before the clock is read again */
    unsigned purge_patience; /* the same for the purge */
    size_t purge_look_at;    /* with more free than this a purge is considered */
    uint64_t purged_at_ns;
    size_t purged_pages;       /* by the last purge */
    uint64_t purge_due_ns;     /* nearly all is free: give back then; 0: it is not so */
    size_t grown_bytes;        /* since the last purge before growth, or look at it */
    size_t growth_purge_bytes; /* given back by such purges, ever */
    bool grows_sparingly;      /* a reserve would count against a limit */
    bool locked;      /* by mlockall: a reserve would become resident, and what is
                         purged would be faulted in again where nobody expects it */
    char *reclaim_at; /* the top may not pass this without asking for cached memory */
    /* Give what caches hold back to the heap, if that is at least so many bytes; true
     * if any was. Called under the lock. */
    bool (*reclaim)(size_t least_bytes);
    /* The same for the medium blocks that the calling thread keeps, however few. */
    bool (*reclaim_kept)(void);
    /* Give all that the calling thread's caches hold back to the heap, and keep nothing
     * more (true), or again (false). */
    void (*pause_cache)(bool pause);
};

extern OUR_OWN struct heap heap;
/* Apart, since it begins as zeros and is large: a small program touches its start. */
extern OUR_OWN struct bins heap_bins;

/* In freed blocks that the calling thread keeps from being coalesced. */
extern OUR_OWN __thread size_t heap_kept_bytes;

static ALWAYS_INLINE struct block *heap_region_first(const struct heap_region *region)
{
    return (struct block *)((uintptr_t)region + sizeof *region);
}

/* Let the top begin here, with its tag. */
void heap_set_top(char *top);
/* Make the top at least `bytes` long, in this region or a new one; false: the system
 * gives no memory. */
COLD_CODE bool heap_grow(size_t bytes);
/* Give the address space back that is reserved above what has been touched. false:
 * there was none. */
COLD_CODE bool heap_return_reserve(void);
/* Zeroed pages that are not the heap's. Where the system refuses them, its reserve goes
 * back first. NULL: refused all the same. */
void *heap_map(size_t bytes);
/* A block of exactly `bytes` (a block size), in use; NULL if the system gives no
 * memory. O(log bytes), and one brk or mmap when the heap must grow. */
struct block *heap_allocate(size_t bytes);
/* The same with its payload at a multiple of alignment, a power of two above 16. */
struct block *heap_allocate_aligned(size_t bytes, size_t alignment);
/* Whether a block of `bytes`, aligned to a granule, can be had without touching new
 * pages. Takes back what caches hold first, when that is due. */
bool heap_has_room(size_t bytes);
/* Give a block back: coalesce with both neighbours, bin it, trim the top. O(log n). */
void heap_free(struct block *block);
/* Resize in place, into the next free block or the top; false: not possible here. */
bool heap_resize(struct block *block, size_t bytes);
/* Whether an address, a multiple of 16, is in the newest region, behind a tag's place.
 * All of a region can be read and is the heap's, while between regions there may be
 * others' memory, or none. Needs no lock. */
static ALWAYS_INLINE bool heap_spans(const void *address)
{
    const struct heap_region *const region =
        __atomic_load_n(&heap.regions, __ATOMIC_ACQUIRE);
    return (uintptr_t)address % ALIGNMENT_BYTES == 0 && region != NULL &&
           (uintptr_t)address > (uintptr_t)region + sizeof *region &&
           (uintptr_t)address <
               (uintptr_t)__atomic_load_n(&region->end, __ATOMIC_RELAXED);
}
/* Whether a payload is that of a block, in use or freed: in range, aligned, with a tag
 * whose checksum is right. O(regions); reads only memory of the heap. */
bool heap_owns(const void *payload);
/* Bytes of a block in use or free, by its tag. */
static ALWAYS_INLINE size_t heap_block_bytes(const struct block *block)
{
    return block_is_in_use(block) ? block_size(block)
                                  : bins_bytes(&heap_bins, block_hole(block));
}
/* Bytes of the block just allocated, from its payload on, that may not be zero. */
size_t heap_dirty_bytes(struct block *block);
/* Trim the top if that is worth a system call and it has been long enough since. */
COLD_CODE void heap_consider_trim(void);
/* When nearly all of the heap is free, and has been for a while: take back what caches
 * hold, and purge, if it has been long enough since. A thread that is alone caches
 * nothing meanwhile, so that each of its frees comes by here. Only where no list of a
 * cache is being walked. */
COLD_CODE void heap_consider_purge(void);
static ALWAYS_INLINE size_t heap_unused_bytes(void)
{
    return heap_bins.free_bytes + (size_t)(heap.touched - heap.top);
}
static ALWAYS_INLINE void heap_purge_if_due(void)
{
    if (UNLIKELY(heap_unused_bytes() > heap.purge_look_at) ||
        UNLIKELY(heap.purge_due_ns != 0)) {
        heap_consider_purge();
    }
}
/* So many bytes more are about to become resident, in the heap or a mapping: give back
 * the pages of holes that are a good part of the heap each first. */
COLD_CODE void heap_purge_for_growth(size_t bytes);
/* Give back what has been touched above the top, but for pad_bytes. Returns the bytes
 * given back; one system call. */
size_t heap_trim_top(size_t pad_bytes);
/* Give back the whole pages inside holes of PURGE_BLOCK_BYTES and of least_bytes and
 * more. Returns the bytes given back, what had been given back before counted again;
 * one system call a hole. */
size_t heap_purge_blocks(size_t least_bytes);
/* The first invariant that does not hold, as a sentence; NULL if all hold. O(blocks).
 */
const char *heap_check(void);
/* Every block in address order of each region, newest region first. false: a tag is
 * broken, where the visit ended. */
bool heap_visit(void (*visit)(const struct block *block, size_t bytes, void *context),
                void *context);

#endif
