#include "debug/arena.h"

#include "base/lock.h"
#include "heap/heap.h"

__thread unsigned debug_inside;

#define CHUNK_BYTES MIB

/* Chunks of memory; the newest one is used. A block has its size in the word before. */
struct chunk {
    struct chunk *older;
    size_t bytes;
};

static struct {
    struct chunk *newest;
    uintptr_t next;
    uintptr_t end;
} arena;

static bool add_chunk(size_t bytes)
{
    struct chunk *const chunk = heap_map(bytes);
    if (chunk == NULL) {
        return false;
    }
    *chunk = (struct chunk){arena.newest, bytes};
    __atomic_store_n(&arena.newest, chunk, __ATOMIC_RELEASE);
    arena.next = (uintptr_t)(chunk + 1);
    arena.end = (uintptr_t)chunk + bytes;
    return true;
}

void *debug_arena_allocate(size_t bytes, size_t alignment)
{
    const size_t step = larger(alignment, ALIGNMENT_BYTES);
    const bool locked = lock_acquire(&heap_lock);
    uintptr_t payload = align_up(arena.next + sizeof(size_t), step);
    if (arena.newest == NULL || payload + bytes > arena.end) {
        const size_t need = align_up(bytes + step + 64, PAGE_BYTES);
        if (!add_chunk(larger(need, CHUNK_BYTES))) {
            lock_release(&heap_lock, locked);
            return NULL;
        }
        payload = align_up(arena.next + sizeof(size_t), step);
    }
    ((size_t *)payload)[-1] = bytes;
    arena.next = payload + (bytes != 0 ? bytes : 1);
    lock_release(&heap_lock, locked);
    return (void *)payload;
}

size_t debug_arena_bytes(const void *payload)
{
    const struct chunk *chunk = __atomic_load_n(&arena.newest, __ATOMIC_ACQUIRE);
    for (; chunk != NULL; chunk = chunk->older) {
        if ((uintptr_t)payload > (uintptr_t)chunk &&
            (uintptr_t)payload - (uintptr_t)chunk < chunk->bytes) {
            const size_t bytes = ((const size_t *)payload)[-1];
            return bytes != 0 ? bytes : 1;
        }
    }
    return 0;
}
