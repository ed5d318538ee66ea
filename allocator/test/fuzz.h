/* Any string of bytes as a program for the allocator, against a shadow model: what each
 * live block holds is known and looked at. An operation is four bytes: what, which of
 * the slots, and a size of 12 bits and a shift. The first wrong answer aborts. */
#ifndef SNUG_TEST_FUZZ_H
#define SNUG_TEST_FUZZ_H

#include "snug.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "pattern.h"

enum {
    FUZZ_SLOTS = 64,
    FUZZ_OPERATION_BYTES = 4,
    FUZZ_THREAD_OPERATIONS = 16, /* a thread's life */
    FUZZ_LIVE_LIMIT_BYTES = 256 * 1024 * 1024
};

_Static_assert((FUZZ_SLOTS & (FUZZ_SLOTS - 1)) == 0, "a power of two");

struct fuzz_slot {
    char *block;
    size_t size;
    size_t alignment; /* asked for; 0: none */
    bool zeroed;      /* must be */
};

struct fuzz {
    struct fuzz_slot slots[FUZZ_SLOTS];
    size_t live_bytes;
    bool may_fail; /* a system call is to be refused */
    bool in_thread;
    const uint8_t *next, *end;
};

static inline _Noreturn void fuzz_wrong(const char *what)
{
    if (write(STDERR_FILENO, what, strlen(what)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0) {
        _exit(2);
    }
    __builtin_trap();
}

#define FUZZ_TEXT(x) #x
#define FUZZ_LINE(x) FUZZ_TEXT(x)
#define FUZZ_CHECK(condition)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fuzz_wrong("fuzz.h:" FUZZ_LINE(__LINE__) ": not so: " #condition);         \
        }                                                                              \
    } while (0)

static inline uint64_t fuzz_seed(const struct fuzz *fuzz, const struct fuzz_slot *slot)
{
    return (uint64_t)(slot - fuzz->slots) * 31 + slot->size;
}

static inline void fuzz_check_slot(const struct fuzz *fuzz,
                                   const struct fuzz_slot *slot)
{
    FUZZ_CHECK(
        pattern_holds(slot->block, slot->size, slot->size, fuzz_seed(fuzz, slot)));
}

/* A block has come, or NULL where that is allowed. */
static inline void fuzz_enter(struct fuzz *fuzz, struct fuzz_slot *slot, char *block)
{
    if (block == NULL) {
        FUZZ_CHECK(fuzz->may_fail);
        FUZZ_CHECK(errno == ENOMEM);
        slot->size = 0;
        return;
    }
    const size_t least = slot->size <= 8 ? 8 : 16;
    FUZZ_CHECK((uintptr_t)block % least == 0);
    FUZZ_CHECK(slot->alignment == 0 || (uintptr_t)block % slot->alignment == 0);
    FUZZ_CHECK(snug_malloc_usable_size(block) >= slot->size);
    FUZZ_CHECK(!slot->zeroed || pattern_is_zero(block, slot->size));
    slot->block = block;
    slot->zeroed = false;
    fuzz->live_bytes += slot->size;
    pattern_fill(block, slot->size, fuzz_seed(fuzz, slot));
}

static inline void fuzz_allocate(struct fuzz *fuzz, struct fuzz_slot *slot,
                                 unsigned how, size_t size)
{
    void *block = NULL;
    *slot = (struct fuzz_slot){.size = size};
    slot->alignment = how >= 5 ? (size_t)8 << size % 14 : 0;
    switch (how) {
    case 0:
        slot->zeroed = true;
        block = snug_calloc(1, size);
        break;
    case 1:
        slot->zeroed = true;
        slot->size = size / 24 * 24;
        block = snug_calloc(size / 24, 24);
        break;
    case 2:
        block = snug_realloc(NULL, size);
        break;
    case 3:
        block = snug_reallocarray(NULL, size, 1);
        break;
    case 5:
        block = snug_aligned_alloc(slot->alignment, size);
        break;
    case 6:
        errno = ENOMEM; /* it leaves errno alone */
        FUZZ_CHECK(snug_posix_memalign(&block, slot->alignment, size) ==
                   (block == NULL ? ENOMEM : 0));
        break;
    case 7:
        block = snug_memalign(slot->alignment, size);
        break;
    case 8:
        slot->alignment = 4096;
        block = snug_valloc(size);
        break;
    case 9:
        slot->alignment = 4096;
        slot->size = (size + 4095) / 4096 * 4096;
        block = snug_pvalloc(size);
        break;
    default:
        slot->alignment = 0;
        block = snug_malloc(size);
        break;
    }
    fuzz_enter(fuzz, slot, block);
}

static inline void fuzz_release(struct fuzz *fuzz, struct fuzz_slot *slot, unsigned how)
{
    fuzz_check_slot(fuzz, slot);
    fuzz->live_bytes -= slot->size;
    errno = 77;
    if (how == 1 && slot->alignment != 0) {
        snug_free_aligned_sized(slot->block, slot->alignment, slot->size);
    } else if (how == 1) {
        snug_free_sized(slot->block, slot->size);
    } else if (how == 2) {
        FUZZ_CHECK(snug_realloc(slot->block, 0) == NULL);
    } else {
        snug_free(slot->block);
    }
    FUZZ_CHECK(errno == 77);
    slot->block = NULL;
}

static inline void fuzz_resize(struct fuzz *fuzz, struct fuzz_slot *slot, unsigned how,
                               size_t size)
{
    const struct fuzz_slot old = *slot;
    size += size == 0;
    char *const block = how == 0 ? snug_realloc(old.block, size)
                                 : snug_reallocarray(old.block, 1, size);
    if (block == NULL) {
        FUZZ_CHECK(fuzz->may_fail && errno == ENOMEM);
        fuzz_check_slot(fuzz, slot);
        return;
    }
    const size_t kept = size < old.size ? size : old.size;
    FUZZ_CHECK(pattern_holds(block, kept, old.size, fuzz_seed(fuzz, slot)));
    fuzz->live_bytes -= old.size;
    *slot = (struct fuzz_slot){.size = size};
    fuzz_enter(fuzz, slot, block);
}

/* What nobody can have. The block survives. */
static inline void fuzz_ask_too_much(struct fuzz *fuzz, struct fuzz_slot *slot,
                                     size_t size)
{
    const size_t huge = SIZE_MAX - size * 4096;
    errno = 0;
    FUZZ_CHECK(snug_malloc(huge) == NULL && errno == ENOMEM);
    FUZZ_CHECK(snug_calloc(huge / 16 + 1, 17) == NULL);
    FUZZ_CHECK(snug_aligned_alloc(4096, huge) == NULL);
    FUZZ_CHECK(snug_pvalloc(huge) == NULL);
    FUZZ_CHECK(snug_aligned_alloc(size * 2 + 3, 1) == NULL && errno == EINVAL);
    if (slot->block != NULL) {
        FUZZ_CHECK(snug_realloc(slot->block, huge) == NULL && errno == ENOMEM);
        FUZZ_CHECK(snug_reallocarray(slot->block, huge, 3) == NULL);
        fuzz_check_slot(fuzz, slot);
    }
}

static inline void fuzz_steer(struct fuzz *fuzz, unsigned how, size_t size)
{
    switch (how) {
    case 0:
        snug_malloc_trim(size);
        break;
    case 1:
        snug_mallopt(M_MMAP_THRESHOLD, (int)size);
        break;
    case 2:
        snug_mallopt(M_TRIM_THRESHOLD, (int)size - 1);
        break;
    case 3:
        snug_mallopt(M_TOP_PAD, (int)size);
        break;
    case 4:
    case 5:
        os_fail_nth(1 + size % 8);
        fuzz->may_fail = true;
        break;
    case 6:
        os_fail_from(1 + size % 8);
        fuzz->may_fail = true;
        break;
    default:
        os_fail_nth(0);
        fuzz->may_fail = false;
        break;
    }
    const struct mallinfo2 info = snug_mallinfo2();
    FUZZ_CHECK(info.uordblks + info.fordblks == info.arena);
    FUZZ_CHECK(info.keepcost <= info.fordblks);
}

static inline void fuzz_operations(struct fuzz *fuzz, size_t most);

static inline void *fuzz_thread(void *fuzz)
{
    fuzz_operations(fuzz, FUZZ_THREAD_OPERATIONS);
    return NULL;
}

static inline void fuzz_operation(struct fuzz *fuzz, const uint8_t *code)
{
    struct fuzz_slot *const slot = &fuzz->slots[code[1] % FUZZ_SLOTS];
    const size_t coded = code[2] | (size_t)code[3] << 8;
    const size_t size = (coded & 0xfff) << (coded >> 12) >> 4; /* below 8 MiB */
    const unsigned what = code[0] % 16;
    const unsigned how = code[0] / 16;
    errno = 0;
    if (what == 15) {
        fuzz_steer(fuzz, how % 8, size);
    } else if (what == 14) {
        fuzz_ask_too_much(fuzz, slot, size);
    } else if (what == 13 && !fuzz->in_thread) {
        pthread_t thread;
        fuzz->in_thread = true;
        if (pthread_create(&thread, NULL, fuzz_thread, fuzz) == 0) {
            pthread_join(thread, NULL);
        }
        fuzz->in_thread = false;
    } else if (slot->block == NULL) {
        if (fuzz->live_bytes + size < FUZZ_LIVE_LIMIT_BYTES) {
            fuzz_allocate(fuzz, slot, how, size);
        }
    } else if (what < 4) {
        fuzz_resize(fuzz, slot, how % 2, size);
    } else {
        fuzz_release(fuzz, slot, how % 4);
    }
}

static inline void fuzz_check_heap(void)
{
    const char *const broken = snug_check_heap();
    if (broken != NULL) {
        fuzz_wrong(broken);
    }
}

/* Up to `most`, or to the end of the code. */
// NOLINTNEXTLINE(misc-no-recursion): a thread starts no other
static inline void fuzz_operations(struct fuzz *fuzz, size_t most)
{
    for (size_t i = 1; i <= most && fuzz->end - fuzz->next >= FUZZ_OPERATION_BYTES;
         i++) {
        const uint8_t *const code = fuzz->next;
        fuzz->next += FUZZ_OPERATION_BYTES;
        fuzz_operation(fuzz, code);
        if (i % 16 == 0) {
            fuzz_check_heap();
        }
    }
}

static inline void fuzz_run(const uint8_t *code, size_t bytes)
{
    struct fuzz fuzz = {.next = code, .end = code + bytes};
    snug_mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    snug_mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    snug_mallopt(M_TOP_PAD, 0);
    fuzz_operations(&fuzz, SIZE_MAX);
    os_fail_nth(0);
    for (size_t i = 0; i < FUZZ_SLOTS; i++) {
        if (fuzz.slots[i].block != NULL) {
            fuzz_release(&fuzz, &fuzz.slots[i], 0);
        }
    }
    FUZZ_CHECK(fuzz.live_bytes == 0);
    fuzz_check_heap();
    snug_malloc_trim(0);
    fuzz_check_heap();
}

#endif
