/* The table of blocks at the debug levels: from payload to what is known of it (open
 * addressing, linear probing, no tombstones). Live blocks and those in quarantine are
 * in it; no pointer of the program's is followed to find out. Under the heap lock. */
#ifndef SNUG_DEBUG_TABLE_H
#define SNUG_DEBUG_TABLE_H

#include "debug/debug.h"

enum debug_home {
    DEBUG_IN_HEAP,   /* a heap block: zones around the payload */
    DEBUG_IN_PAGES,  /* pages of its own, between two that cannot be accessed */
    DEBUG_IN_NOTHING /* of no bytes: an address in memory that cannot be accessed */
};

struct debug_block {
    char *payload; /* NULL: an empty place */
    size_t size;   /* as asked for */
    char *memory;  /* the bytes that belong to it, zones included */
    size_t memory_bytes;
    uint64_t serial;       /* allocations so far */
    uint32_t allocated_at; /* call stacks */
    uint32_t freed_at;
    uint8_t home; /* enum debug_home */
    uint8_t kind; /* enum debug_kind */
    uint8_t alignment_shift;
    bool freed; /* in quarantine */
    char *next; /* there, of the block that was freed next; NULL: none was */
};

static_assert(sizeof(struct debug_block) <= 64, "a cache line each");

/* NULL: not known. Good until the next insertion or removal. */
struct debug_block *debug_table_find(const void *payload);
/* It will soon be asked for. */
void debug_table_prefetch(const void *payload);
/* false: no memory. */
bool debug_table_insert(const struct debug_block *block);
void debug_table_remove(struct debug_block *block);
/* To go through all blocks, in no order: the next one, the first after NULL; NULL: that
 * was the last. */
struct debug_block *debug_table_next(const struct debug_block *block);
/* Whether a page belongs to the table itself. */
bool debug_table_holds(uintptr_t page);
/* The block whose memory, zones included, an address is in; NULL: none. O(blocks). */
struct debug_block *debug_table_around(const void *address);

struct debug_totals {
    size_t live_blocks;
    size_t live_bytes; /* as asked for */
    size_t known;      /* blocks in the table */
};
extern OUR_OWN struct debug_totals debug_totals;

#endif
