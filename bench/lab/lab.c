/* malloc and its family on top of a course's allocator, for LD_PRELOAD.
 *
 * snugbench compiles this together with the student's mm.c. The student's code is not
 * made for threads, so one lock is around it, left out while the program has one
 * thread. It is not made to be called from within itself either: what it allocates by
 * way of libc (a printf, say) comes from a small arena of ours.
 *
 * What a course does not ask for is made from mm_malloc: see each function. */
#include <config.h>
#include <memlib.h>
#include <mm.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#ifndef ALIGNMENT
#define ALIGNMENT 8
#endif

#define EXPORT __attribute__((visibility("default")))

/* NULL where mm.c has none. An mm.h may have declared it, or not. */
/* NOLINTNEXTLINE(readability-redundant-declaration) */
void *mm_calloc(size_t count, size_t size) __attribute__((weak, visibility("hidden")));

enum {
    NESTED_ARENA_BYTES = 64 << 20,
    NESTED_ALIGNMENT = 16,
    FIRST_ALIGNED_CAPACITY = 1024,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready; /* mm_init has been called */

static __thread struct {
    bool is_inside; /* the student's code runs in this thread */
    bool holds_lock;
} turn __attribute__((tls_model("initial-exec")));

/* Blocks for the student's own calls of malloc, never reused: base <= next <= base +
 * NESTED_ARENA_BYTES. Used by the thread whose turn it is. */
static struct {
    char *base, *next;
} nested;

/* Blocks that lie inside a larger one of the student's because of their alignment: a
 * hash table with linear probing, at most half full. Guarded by the turn. */
struct aligned {
    char *block; /* NULL: an empty entry */
    char *base;  /* what mm_malloc returned */
    size_t bytes;
};

static struct {
    struct aligned *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
} aligned;

__attribute__((noreturn)) static void die(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
    abort();
}

static void *map_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static void begin(void)
{
    is_ready = true;
    mem_init();
    const bool is_bool = __builtin_types_compatible_p(__typeof__(mm_init()), _Bool);
    const int result = mm_init();
    if (is_bool ? result == 0 : result < 0) {
        die("mm_init failed\n");
    }
}

/* false: this is a call from inside the student's code. */
static bool turn_begin(void)
{
    if (turn.is_inside) {
        return false;
    }
    if (!__libc_single_threaded) {
        pthread_mutex_lock(&lock);
        turn.holds_lock = true;
    }
    turn.is_inside = true;
    if (!is_ready) {
        begin();
    }
    return true;
}

static void turn_end(void)
{
    turn.is_inside = false;
    if (turn.holds_lock) {
        turn.holds_lock = false;
        pthread_mutex_unlock(&lock);
    }
}

/* A fork in one thread must not leave the lock to a thread that the child does not
 * have.
 */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void survive_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
}

static bool nested_owns(const void *block)
{
    return nested.base != NULL &&
           (uintptr_t)block - (uintptr_t)nested.base < (uintptr_t)NESTED_ARENA_BYTES;
}

/* The size stands in front of the block. Zeroed. */
static void *nested_allocate(size_t bytes)
{
    if (nested.base == NULL) {
        nested.base = nested.next = map_pages(NESTED_ARENA_BYTES);
    }
    if (nested.base == NULL) {
        return NULL;
    }
    const size_t needed = 2 * (size_t)NESTED_ALIGNMENT; /* the size, and rounding up */
    const size_t left = (size_t)(nested.base + NESTED_ARENA_BYTES - nested.next);
    if (left < needed || bytes > left - needed) {
        return NULL;
    }
    char *block = nested.next + NESTED_ALIGNMENT;
    memcpy(nested.next, &bytes, sizeof bytes);
    nested.next = block + (bytes + NESTED_ALIGNMENT - 1) / NESTED_ALIGNMENT *
                              (size_t)NESTED_ALIGNMENT;
    return block;
}

static size_t nested_size(const char *block)
{
    size_t bytes;
    memcpy(&bytes, block - NESTED_ALIGNMENT, sizeof bytes);
    return bytes;
}

static size_t aligned_home(const char *block)
{
    return (size_t)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 20) &
           (aligned.capacity - 1);
}

/* The entry of `block`, or the empty one where it would stand. */
static struct aligned *aligned_entry(const char *block)
{
    size_t i = aligned_home(block);
    while (aligned.entries[i].block != NULL && aligned.entries[i].block != block) {
        i = (i + 1) & (aligned.capacity - 1);
    }
    return &aligned.entries[i];
}

static struct aligned *aligned_find(const void *block)
{
    if (aligned.count == 0) {
        return NULL;
    }
    struct aligned *entry = aligned_entry(block);
    return entry->block != NULL ? entry : NULL;
}

static bool aligned_grow(void)
{
    struct aligned *old = aligned.entries;
    const size_t old_capacity = aligned.capacity;
    const size_t capacity =
        old_capacity == 0 ? FIRST_ALIGNED_CAPACITY : 2 * old_capacity;
    struct aligned *entries = map_pages(capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    aligned.entries = entries;
    aligned.capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].block != NULL) {
            *aligned_entry(old[i].block) = old[i];
        }
    }
    if (old != NULL) {
        munmap(old, old_capacity * sizeof *old);
    }
    return true;
}

static bool aligned_add(struct aligned entry)
{
    if (2 * (aligned.count + 1) > aligned.capacity && !aligned_grow()) {
        return false;
    }
    *aligned_entry(entry.block) = entry;
    aligned.count++;
    return true;
}

/* Those behind the gap that could not stand in it before move up. */
static void aligned_remove(struct aligned *entry)
{
    const size_t mask = aligned.capacity - 1;
    size_t gap = (size_t)(entry - aligned.entries);
    for (size_t i = (gap + 1) & mask; aligned.entries[i].block != NULL;
         i = (i + 1) & mask) {
        const size_t distance = (i - aligned_home(aligned.entries[i].block)) & mask;
        if (distance >= ((i - gap) & mask)) {
            aligned.entries[gap] = aligned.entries[i];
            gap = i;
        }
    }
    aligned.entries[gap].block = NULL;
    aligned.count--;
}

/* Inside a turn from here on. Programs take NULL for "out of memory", so a request for
 * no bytes is one for a byte. */
static void *allocate(size_t bytes)
{
    return mm_malloc(bytes != 0 ? bytes : 1);
}

/* A larger block, and an aligned address in it. */
static void *allocate_aligned(size_t alignment, size_t bytes)
{
    if (alignment <= ALIGNMENT) {
        return allocate(bytes);
    }
    if (bytes > SIZE_MAX - alignment) {
        return NULL;
    }
    char *base = mm_malloc(bytes + alignment - 1 + (bytes == 0));
    if (base == NULL) {
        return NULL;
    }
    char *block = base + (-(uintptr_t)base & (alignment - 1));
    if (block != base &&
        !aligned_add((struct aligned){.block = block, .base = base, .bytes = bytes})) {
        mm_free(base);
        return NULL;
    }
    return block;
}

static void release(void *block)
{
    struct aligned *entry = aligned_find(block);
    if (entry != NULL) {
        block = entry->base;
        aligned_remove(entry);
    }
    mm_free(block);
}

/* An aligned block becomes a common one: realloc promises no more. */
static void *resize(void *block, size_t bytes)
{
    const struct aligned *entry = aligned_find(block);
    if (entry == NULL) {
        return mm_realloc(block, bytes);
    }
    void *moved = mm_malloc(bytes);
    if (moved != NULL) {
        memcpy(moved, block, entry->bytes < bytes ? entry->bytes : bytes);
        release(block);
    }
    return moved;
}

static void *or_enomem(void *block)
{
    if (block == NULL) {
        errno = ENOMEM;
    }
    return block;
}

EXPORT void *malloc(size_t bytes)
{
    if (!turn_begin()) {
        return or_enomem(nested_allocate(bytes));
    }
    void *block = allocate(bytes);
    turn_end();
    return or_enomem(block);
}

EXPORT void free(void *block)
{
    /* Nested blocks are never reused, and the student's heap is not touched while it is
     * being changed. */
    if (block == NULL || nested_owns(block) || !turn_begin()) {
        return;
    }
    release(block);
    turn_end();
}

/* The student's mm_calloc if there is one, else mm_malloc and memset. */
EXPORT void *calloc(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        return or_enomem(NULL);
    }
    if (!turn_begin()) {
        return or_enomem(nested_allocate(total));
    }
    void *block;
    if (mm_calloc != NULL && total != 0) {
        block = mm_calloc(count, bytes);
    } else {
        block = allocate(total);
        if (block != NULL) {
            memset(block, 0, total);
        }
    }
    turn_end();
    return or_enomem(block);
}

/* With NULL it is malloc and with 0 bytes it is free, as the course has it, whether or
 * not mm_realloc knows. */
EXPORT void *realloc(void *block, size_t bytes)
{
    if (block == NULL) {
        return malloc(bytes);
    }
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    void *moved = NULL;
    if (nested_owns(block)) {
        moved = malloc(bytes);
        if (moved != NULL) {
            const size_t old_bytes = nested_size(block);
            memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
        }
    } else if (turn_begin()) {
        moved = resize(block, bytes);
        turn_end();
    }
    return or_enomem(moved);
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
    if ((alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    if (!turn_begin()) {
        return or_enomem(alignment <= NESTED_ALIGNMENT ? nested_allocate(bytes) : NULL);
    }
    void *block = allocate_aligned(alignment, bytes);
    turn_end();
    return or_enomem(block);
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    const int error = errno;
    void *found = memalign(alignment, bytes);
    errno = error;
    if (found == NULL) {
        return ENOMEM;
    }
    *block = found;
    return 0;
}

EXPORT void *valloc(size_t bytes)
{
    return memalign(mem_pagesize(), bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
    const size_t page_bytes = mem_pagesize();
    return bytes > SIZE_MAX - page_bytes
               ? or_enomem(NULL)
               : memalign(page_bytes,
                          (bytes + page_bytes - 1) / page_bytes * page_bytes);
}

/* Nothing in a course's interface tells, and libc's own would read the student's
 * headers as if they were its own. */
EXPORT size_t malloc_usable_size(void *block)
{
    if (block != NULL) {
        die("malloc_usable_size was called, which a course's allocator cannot "
            "answer\n");
    }
    return 0;
}

/* For the worker: what the course's driver would check and measure. */
EXPORT size_t snugbench_lab_alignment_bytes(void);
EXPORT size_t snugbench_lab_heap_bytes(void);

size_t snugbench_lab_alignment_bytes(void)
{
    return ALIGNMENT;
}

size_t snugbench_lab_heap_bytes(void)
{
    return mem_heapsize();
}
