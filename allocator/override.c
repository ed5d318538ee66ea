/* The libc names, in the preload library only: each is the snug_ call of the same name.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "entry.h"
#include "fast.h"
#include "snug.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT HOT_CODE void *malloc(size_t size)
{
    return fast_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return snug_calloc(count, size);
}

EXPORT void *realloc(void *ptr, size_t size)
{
    return snug_realloc(ptr, size);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size)
{
    return snug_reallocarray(ptr, count, size);
}

EXPORT HOT_CODE void free(void *ptr)
{
    fast_free(ptr);
}

EXPORT void cfree(void *ptr);
EXPORT void cfree(void *ptr)
{
    snug_free(ptr);
}

EXPORT void free_sized(void *ptr, size_t size);
EXPORT void free_sized(void *ptr, size_t size)
{
    snug_free_sized(ptr, size);
}

EXPORT void free_aligned_sized(void *ptr, size_t alignment, size_t size);
EXPORT void free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
    snug_free_aligned_sized(ptr, alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return snug_aligned_alloc(alignment, size);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    return snug_posix_memalign(out, alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return snug_memalign(alignment, size);
}

EXPORT void *valloc(size_t size)
{
    return snug_valloc(size);
}

EXPORT void *pvalloc(size_t size)
{
    return snug_pvalloc(size);
}

EXPORT size_t malloc_usable_size(void *ptr)
{
    return snug_malloc_usable_size(ptr);
}

EXPORT int malloc_trim(size_t pad)
{
    return snug_malloc_trim(pad);
}

EXPORT int mallopt(int parameter, int value)
{
    return snug_mallopt(parameter, value);
}

EXPORT struct mallinfo2 mallinfo2(void)
{
    return snug_mallinfo2();
}

EXPORT void malloc_stats(void)
{
    snug_malloc_stats();
}

EXPORT int malloc_info(int options, FILE *stream)
{
    return snug_malloc_info(options, stream);
}

EXPORT int mlockall(int flags)
{
    return reserve_mlockall(flags);
}

EXPORT int munlockall(void)
{
    return reserve_munlockall();
}
