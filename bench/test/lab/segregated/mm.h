/* As newer courses have it: bool for mm_init, and the common names where no driver is
 * built. */
#ifndef MM_H
#define MM_H

#include <stdbool.h>
#include <stddef.h>

bool mm_init(void);

#ifdef DRIVER
void *mm_malloc(size_t size);
void mm_free(void *ptr);
void *mm_realloc(void *ptr, size_t size);
void *mm_calloc(size_t count, size_t size);
#else
void *malloc(size_t size);
void free(void *ptr);
void *realloc(void *ptr, size_t size);
void *calloc(size_t count, size_t size);
#endif

#endif
