#include "heap/large.h"

#include "base/lock.h"
#include "heap/heap.h"

/* Further blocks are the heap's. To search all of these takes about as long as a system
 * call. */
#define MAPPINGS_LIMIT ((size_t)4096)

static struct mapping {
    const void *payload; /* NULL: it is being moved, or there is none */
    size_t bytes;        /* 0: there is none */
} mappings[MAPPINGS_LIMIT];

static struct mapping *end = mappings; /* all before may be in use */
struct large_sums large_sums;

/* NULL: no mapping begins there. */
static struct mapping *find(const void *payload)
{
    for (struct mapping *m = mappings; m < end && payload != NULL; m++) {
        if (m->payload == payload) {
            return m;
        }
    }
    return NULL;
}

void *large_map(size_t bytes, size_t alignment)
{
    if (alignment <= PAGE_BYTES) {
        return os_map(bytes);
    }
    char *const whole = os_map(bytes + alignment);
    char *const payload = (char *)align_up((uintptr_t)whole, alignment);
    if (whole != NULL) {
        os_unmap_around(whole, bytes + alignment, payload, bytes);
    }
    return payload;
}

bool large_enter(void *payload, size_t bytes)
{
    struct mapping *mapping = mappings;
    while (mapping < end && mapping->bytes != 0) {
        mapping++;
    }
    if (mapping == mappings + MAPPINGS_LIMIT) {
        return false;
    }
    end += mapping == end;
    *mapping = (struct mapping){payload, bytes};
    large_sums.blocks++;
    large_sums.bytes += bytes;
    return true;
}

size_t large_bytes(const void *payload)
{
    const struct mapping *const mapping = find(payload);
    return mapping != NULL ? mapping->bytes : 0;
}

void large_forget(const void *payload)
{
    struct mapping *const mapping = find(payload);
    large_sums.blocks--;
    large_sums.bytes -= mapping->bytes;
    *mapping = (struct mapping){NULL, 0};
    while (end > mappings && end[-1].bytes == 0) {
        end--;
    }
}

void *large_resize(void *payload, size_t request, bool *locked)
{
    const size_t bytes = align_up(request, PAGE_BYTES);
    struct mapping *const mapping = find(payload);
    const size_t old_bytes = mapping->bytes;
    if (bytes == old_bytes) {
        return payload;
    }
    mapping->payload = NULL; /* where it was may soon be another thread's */
    lock_release(&heap_lock, *locked);
    void *moved = os_remap(payload, old_bytes, bytes);
    *locked = lock_acquire(&heap_lock);
    if (moved == NULL && heap_return_reserve()) {
        moved = os_remap(payload, old_bytes, bytes);
    }
    *mapping = moved != NULL ? (struct mapping){moved, bytes}
                             : (struct mapping){payload, old_bytes};
    large_sums.bytes += mapping->bytes - old_bytes;
    return moved;
}

void large_visit(void (*visit)(const void *payload, void *context), void *context)
{
    for (const struct mapping *m = mappings; m < end; m++) {
        if (m->payload != NULL) {
            visit(m->payload, context);
        }
    }
}

const char *large_check(void)
{
    struct large_sums seen = {0, 0};
    for (const struct mapping *m = mappings; m < end; m++) {
        if (m->payload != NULL && find(m->payload) != m) {
            return "a mapping stands in the table twice";
        }
        if ((m->bytes | (uintptr_t)m->payload) % PAGE_BYTES != 0) {
            return "a mapping is not made of whole pages";
        }
        seen.blocks += m->bytes != 0;
        seen.bytes += m->bytes;
    }
    const bool same =
        seen.blocks == large_sums.blocks && seen.bytes == large_sums.bytes;
    return same ? NULL : "the count of mappings is wrong";
}
