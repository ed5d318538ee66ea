/* Vacant pages: which whole pages of free memory are known not to be resident.
 *
 *     | free block: tag .. | vacant pages ........ | .. footer |
 *
 * They went back to the system, or were never written, and read as zeros. Their ranges
 * stand in a table, sorted by address, apart from each other, and all inside free
 * blocks or the top (heap_check tests this). A range for which the table has no room is
 * forgotten, and counts as resident. Protected by the heap lock. */
#ifndef SNUG_PAGES_H
#define SNUG_PAGES_H

#include "base/size.h"

struct page_range {
    uintptr_t start;
    uintptr_t end;
};

/* The sum over all ranges. */
extern OUR_OWN size_t pages_vacant_bytes;

/* The whole pages from start to end are not resident from now on. */
void pages_vacate(uintptr_t start, uintptr_t end);
/* Every page that start to end touches is, or may be, written from now on. Returns the
 * longest range of them that was vacant, an empty one if there was none. */
struct page_range pages_occupy(uintptr_t start, uintptr_t end);
/* Vacant bytes in the pages that start to end touches. O(log ranges + ranges met). */
size_t pages_vacant_within(uintptr_t start, uintptr_t end);
/* All pages are resident, as mlockall makes them. */
void pages_occupy_all(void);
/* The first invariant of the table that does not hold; NULL if all hold. */
const char *pages_check(void);

#endif
