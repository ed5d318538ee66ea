/* The heap that a malloc lab's allocator lives in: one region that grows at its end.
 *
 * The names and the meaning are those of the lab, so that a student's mm.c compiles as
 * it stands. Here the region is real memory: each growth beyond a page is a system
 * call. */
#ifndef SNUGBENCH_LAB_MEMLIB_H
#define SNUGBENCH_LAB_MEMLIB_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* Reserve the region, empty. Nothing if it is there. The driver calls it, not mm.c. */
void mem_init(void);

/* Give the region back. */
void mem_deinit(void);

/* Grow the heap by `increment_bytes` and return where the new part begins. (void *)-1
 * with ENOMEM: the limit is reached, or the increment is negative. */
void *mem_sbrk(intptr_t increment_bytes);

/* Make the heap empty again. */
void mem_reset_brk(void);

/* The first and the last byte of the heap; the first is the beginning of a page. */
void *mem_heap_lo(void);
void *mem_heap_hi(void);

size_t mem_heapsize(void);
size_t mem_pagesize(void);

#endif
