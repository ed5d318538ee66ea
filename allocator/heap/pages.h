/* Vacant pages: which whole pages of free memory are known not to be resident.
 *
 *     | free block: tag .. | vacant pages ........ | .. footer |
 *
 * They went back to the system, or were never written, and read as zeros. All are
 * inside free blocks or the top (heap_check tests this). Each has a bit; where there is
 * no memory for the bits a page counts as resident. Protected by the heap lock. */
#ifndef SNUG_PAGES_H
#define SNUG_PAGES_H

#include "base/size.h"

struct page_range {
    uintptr_t start;
    uintptr_t end;
};

/* The sum over all. */
extern OUR_OWN size_t pages_vacant_bytes;

/* The whole pages from start to end are not resident from now on. */
void pages_vacate(uintptr_t start, uintptr_t end);
/* Every page that start to end touches is, or may be, written from now on. Returns the
 * longest range of them that was vacant, an empty one if there was none. */
struct page_range pages_occupy(uintptr_t start, uintptr_t end);
/* Vacant bytes in the pages that start to end touches. O(pages / 64). */
size_t pages_vacant_within(uintptr_t start, uintptr_t end);

#endif
