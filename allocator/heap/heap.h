/* The heap: regions of address space, the first from brk, cut into blocks.
 *
 *     first                                   top               end
 *     | block | block | free | block | ... |  unused .......... |
 *
 * The top is the free space behind the last block. It is no block: it is in no bin and
 * is used only when no free block fits, so that its pages stay untouched. It begins
 * with a tag of no block, so that an overflow from the last block is noticed. Where the
 * heap cannot go on, it goes on in a new region: the old one is closed with a fence, a
 * tag of size 0 that counts as in use.
 *
 * Invariants (heap_check tests them in this order):
 *     the blocks of a region follow each other without gap up to the fence or the top
 *     the block before the top is in use
 *     the invariants of block.h and bins.h
 *     sum of free block sizes in the heap == sum in the bins
 *     memory from `touched` to `end` has never been written since the kernel gave it
 * Every function below is called with the heap lock held. */
#ifndef SNUG_HEAP_H
#define SNUG_HEAP_H

#include "heap/bins.h"
#include "heap/map.h"
#include "heap/pages.h"

struct heap_region { /* stands in the region's first bytes */
    struct heap_region *older;
    size_t payloads;  /* multiples of 16 before the end, from the first payload on */
    size_t no_footer; /* 0; the first tag stands 8 bytes before a multiple of 16 */
};

#define HEAP_WANTS_NOTHING ((size_t)0)
#define HEAP_WANTS_COALESCED SIZE_MAX

struct heap {
    char *top;               /* where the next tag goes; == 8 modulo 16 */
    char *end;               /* of the current region, 8 bytes kept back for a fence */
    char *touched;           /* no byte at or above has been written */
    struct page_range clean; /* what of the last block allocated is zero */
    char *break_end; /* where our last brk ended; NULL: the region is not from brk */
    struct heap_region *regions; /* newest first */
    struct block
        *deferred_free;   /* freed, but there was no memory for a record: linked by
                               their payloads, tried again at later frees */
    size_t region_bytes;  /* sum over regions: address space taken */
    size_t touched_bytes; /* sum over regions, less what was given back */
    size_t cached_bytes;  /* in medium blocks in the lists of the thread that allocates
                               (cache.h): freed, but not coalesced yet */
    size_t limit_bytes;   /* allocations fail rather than let more be resident */
    size_t wanted_bytes;  /* by the allocation that failed last, or that what the
                               thread keeps goes back first */
    size_t top_pad_bytes; /* kept above the top at a trim */
    bool inherited;       /* by fork, as it was begun in the parent */
    bool grows_sparingly; /* a reserve would count against a limit */
    bool locked; /* by mlockall: a reserve would become resident, and what is given
                    back would be faulted in again where nobody expects it */
};

extern OUR_OWN struct heap heap;
/* The first of heap.regions, or one of no bytes. */
extern OUR_OWN struct heap_region *heap_newest;
/* Apart, since it begins as zeros and is large: a small program touches its start. */
extern OUR_OWN struct bins heap_bins;

static ALWAYS_INLINE struct block *heap_region_first(const struct heap_region *region)
{
    return (struct block *)((uintptr_t)region + sizeof *region);
}

/* Where the fence is or would be. */
static ALWAYS_INLINE char *heap_region_end(const struct heap_region *region)
{
    return (char *)heap_region_first(region) + region->payloads * ALIGNMENT_BYTES;
}

/* Let the top begin here, with its tag. */
void heap_set_top(char *top);
/* Whether the tag of the top is as it was written; else the block before ran over. */
static ALWAYS_INLINE bool heap_top_is_sound(void)
{
    return heap.top == NULL ||
           block_checksum_is_right((const struct block *)(uintptr_t)heap.top);
}
/* Make the top at least `bytes` long, in this region or a new one; false: the system
 * gives no memory. */
COLD_CODE bool heap_grow(size_t bytes);
/* Give the address space back that was never touched; false: there was none. */
COLD_CODE bool heap_return_reserve(void);
/* Zeroed pages that are not the heap's, if need be for its reserve; NULL: refused. */
void *heap_map(size_t bytes);
/* A block of `bytes` (a block size), in use. NULL: it would grow the heap, make more of
 * it resident than limit_bytes, or break a large free block while the thread keeps
 * others; heap.wanted_bytes says what to do (pressure.h). Steps: bins.h. */
struct block *heap_allocate(size_t bytes);
/* The same with its payload at a multiple of alignment, a power of two above 16; or as
 * far from one as the payload `like`, which is to move there because it grows, and with
 * room behind it if there is any such place. */
struct block *heap_allocate_aligned(size_t bytes, size_t alignment, const void *like);
/* Whether a block of `bytes`, aligned to a granule, can be had without touching new
 * pages. */
bool heap_has_room(size_t bytes);
/* Give a block back: coalesce with both neighbours, bin it. */
void heap_free(struct block *block);
/* Give the end of a block in use back, but for `bytes`, unless it is too little. */
void heap_shrink(struct block *block, size_t bytes);
/* Let a block in use grow into the next free block or the top, to `bytes` and a slack
 * if there is so much; false: not possible here. More may be resident than limit_bytes.
 */
bool heap_extend(struct block *block, size_t bytes);
/* Whether an address may be a payload's: in this region, a multiple of 16, behind a
 * tag's place. One comparison: of an address before the first payload, or between two,
 * the rotated distance is larger than any. Needs no lock, nor do the next two: all of a
 * region can be read, and it stays, while between regions may be others' memory. */
static ALWAYS_INLINE bool heap_region_spans(const struct heap_region *region,
                                            const void *address)
{
    const size_t distance =
        (uintptr_t)address - (uintptr_t)region - sizeof *region - BLOCK_HEADER_BYTES;
    return (distance >> 4 | distance << 60) <
           __atomic_load_n(&region->payloads, __ATOMIC_RELAXED);
}
static ALWAYS_INLINE bool heap_newest_spans(const void *address)
{
    return heap_region_spans(__atomic_load_n(&heap_newest, __ATOMIC_ACQUIRE), address);
}
/* The same in any region. */
bool heap_spans(const void *address);
/* Bytes of a block in use or free, by its tag. */
static ALWAYS_INLINE size_t heap_block_bytes(const struct block *block)
{
    return block_is_in_use(block) ? block_size(block)
                                  : bins_bytes(&heap_bins, block_record(block));
}
/* Bytes of the block just allocated, from its payload on, that may not be zero. */
size_t heap_nonzero_prefix(struct block *block);
/* What is written to, as far as is known: all that was touched but for vacant pages. */
static ALWAYS_INLINE size_t heap_resident_bytes(void)
{
    return heap.touched_bytes - pages_vacant_bytes;
}
/* In free blocks and above the top, as far as it is resident. */
static ALWAYS_INLINE size_t heap_spare_bytes(void)
{
    return heap_bins.free_bytes + (size_t)(heap.touched - heap.top) -
           pages_vacant_bytes;
}
/* Give back what has been touched above the top, but for pad_bytes; the bytes that are
 * not resident any more. One system call, a second one where addresses count. */
size_t heap_trim_top(size_t pad_bytes);
/* The whole pages inside a free block. */
static ALWAYS_INLINE struct page_range heap_free_block_pages(const struct block *block,
                                                             size_t bytes)
{
    return (struct page_range){
        align_up((uintptr_t)block + sizeof *block, PAGE_BYTES),
        align_down((uintptr_t)block + bytes - sizeof(size_t), PAGE_BYTES)};
}
/* Give back whole pages of a free block, if it has any; the bytes that are not resident
 * any more; 0: the system refused, or the memory is locked. One system call. */
size_t heap_vacate(struct page_range pages);
/* The same for every free block. */
size_t heap_vacate_free_blocks(void);
/* The first invariant that does not hold, NULL if all hold. O(blocks). */
const char *heap_check(void);
/* Every block in address order of each region, newest region first. false: a tag is
 * broken, where the visit ended. */
bool heap_visit(block_visitor *visit, void *context);

#endif
