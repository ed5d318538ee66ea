#include "heap/zero.h"

#include <string.h>

#include "base/os.h"
#include "base/size.h"

#define ZERO_BLOCKS ((size_t)1 << 16)
#define SEARCHED_FROM 64 /* the search begins at a multiple: addresses come back late */

static struct {
    char *start; /* NULL: not reserved yet, or refused so far */
    size_t next; /* where the search goes on */
    size_t live_count;
    bool live[ZERO_BLOCKS];
} zero;

static size_t index_of(const void *ptr)
{
    return ((uintptr_t)ptr - (uintptr_t)zero.start) / ALIGNMENT_BYTES;
}

void *zero_allocate(void)
{
    if (zero.start == NULL) {
        __atomic_store_n(&zero.start, os_reserve(ZERO_BLOCKS * ALIGNMENT_BYTES),
                         __ATOMIC_RELEASE);
    }
    if (zero.live_count == ZERO_BLOCKS) {
        return NULL;
    }
    const bool *found = memchr(zero.live + zero.next, false, ZERO_BLOCKS - zero.next);
    found = found != NULL ? found : memchr(zero.live, false, ZERO_BLOCKS);
    if (zero.start == NULL || found == NULL) {
        return NULL;
    }
    const size_t index = (size_t)(found - zero.live);
    zero.live[index] = true;
    zero.live_count++;
    zero.next = align_down(index, SEARCHED_FROM);
    return zero.start + index * ALIGNMENT_BYTES;
}

bool zero_spans(const void *ptr)
{
    const char *const start = __atomic_load_n(&zero.start, __ATOMIC_ACQUIRE);
    return start != NULL &&
           (uintptr_t)ptr - (uintptr_t)start < ZERO_BLOCKS * ALIGNMENT_BYTES;
}

bool zero_is_live(const void *ptr)
{
    return (uintptr_t)ptr % ALIGNMENT_BYTES == 0 && zero.live[index_of(ptr)];
}

void zero_free(const void *ptr)
{
    zero.live[index_of(ptr)] = false;
    zero.live_count--;
}
