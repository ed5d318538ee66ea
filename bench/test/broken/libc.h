/* What the broken allocators stand on: the libc's own calls under their other names,
 * and the sizes at which they misbehave, so that the start of a process survives them.
 */
#ifndef SNUGBENCH_TEST_BROKEN_LIBC_H
#define SNUGBENCH_TEST_BROKEN_LIBC_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    BROKEN_BYTES = 1000, /* a request of this size is answered badly */
    INNER_BYTES = 100,   /* a smaller one, where two are needed */
};

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

#endif
