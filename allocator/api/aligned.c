/* The aligned entry points and the checks that each standard asks of them. */
#include "snug.h"

#include <errno.h>

#include "api/entry.h"
#include "base/size.h"

void *snug_aligned_alloc(size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return allocate_aligned(alignment, size);
}

int snug_posix_memalign(void **out, size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) {
        return EINVAL;
    }
    const int saved = errno;
    void *const payload = allocate_aligned(alignment, size);
    if (payload == NULL) {
        errno = saved;
        return ENOMEM;
    }
    *out = payload;
    return 0;
}

void *snug_memalign(size_t alignment, size_t size)
{
    if (alignment > SIZE_MAX / 2 + 1) { /* there is no such power of two */
        errno = EINVAL;
        return NULL;
    }
    size_t rounded = ALIGNMENT_BYTES;
    while (rounded < alignment) {
        rounded *= 2;
    }
    return allocate_aligned(rounded, size);
}

void *snug_valloc(size_t size)
{
    return allocate_aligned(PAGE_BYTES, size);
}

void *snug_pvalloc(size_t size)
{
    if (size > REQUEST_LIMIT_BYTES) {
        return out_of_memory();
    }
    return allocate_aligned(PAGE_BYTES, align_up(size, PAGE_BYTES));
}
