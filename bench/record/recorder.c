/* The recorder: a preload library that notes every malloc call of a program.
 *
 * Calls go to glibc's own allocator by its __libc_ names, so nothing has to be looked
 * up and the library works from the first call of ld.so on. It allocates nothing itself
 * and leaves errno alone. log.h says how the log is kept, attach.h which process has
 * one.
 *
 * Thread ends are not noted: the destructors of other libraries, and glibc itself, free
 * memory after any that we could register. A thread's last call stands for its end. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/attach.h"
#include "record/writer.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* glibc's allocator under the names that nobody overrides.
 * NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's. */
extern void *__libc_malloc(size_t size_bytes);
extern void *__libc_calloc(size_t count, size_t size_bytes);
extern void *__libc_realloc(void *block, size_t size_bytes);
extern void *__libc_memalign(size_t alignment, size_t size_bytes);
extern void __libc_free(void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

/* C23, not in glibc 2.36's headers. */
void free_sized(void *block, size_t size_bytes);
void free_aligned_sized(void *block, size_t alignment, size_t size_bytes);

/* ---- appending ---- */

static inline void log_call(enum log_kind kind, const void *address, size_t size_bytes)
{
    if (UNLIKELY(!writer_append(kind, address, size_bytes))) {
        attach_end();
    }
}

/* A block that was just handed out; failed calls are not part of a trace. */
static inline void *log_block(enum log_kind kind, void *block, size_t size_bytes)
{
    if (block != NULL && attach_recording()) {
        log_call(kind, block, size_bytes);
    }
    return block;
}

static inline void *log_pair(enum log_kind kind, void *block, size_t size_bytes,
                             uint64_t extra)
{
    if (block != NULL && attach_recording() &&
        UNLIKELY(!writer_append_pair(kind, block, size_bytes, extra))) {
        attach_end();
    }
    return block;
}

/* ---- the calls ---- */

EXPORT void *malloc(size_t size_bytes)
{
    return log_block(LOG_MALLOC, __libc_malloc(size_bytes), size_bytes);
}

EXPORT void *calloc(size_t count, size_t size_bytes)
{
    return log_pair(LOG_CALLOC, __libc_calloc(count, size_bytes), size_bytes, count);
}

EXPORT void free(void *block)
{
    if (attach_recording()) {
        log_call(LOG_FREE, block, 0);
    }
    __libc_free(block);
}

EXPORT void free_sized(void *block, size_t size_bytes)
{
    if (attach_recording()) {
        log_call(LOG_FREE_SIZED, block, size_bytes);
    }
    __libc_free(block);
}

EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size_bytes)
{
    (void)alignment;
    free_sized(block, size_bytes);
}

EXPORT void *realloc(void *block, size_t size_bytes)
{
    if (block == NULL) {
        return log_block(LOG_REALLOC_NULL, __libc_realloc(NULL, size_bytes),
                         size_bytes);
    }
    if (!attach_recording()) {
        return __libc_realloc(block, size_bytes);
    }
    if (size_bytes == 0) { /* glibc frees and returns NULL */
        log_call(LOG_FREE, block, 0);
        return __libc_realloc(block, 0);
    }
    log_call(LOG_REALLOC_BEGIN, block, 0);
    void *resized = __libc_realloc(block, size_bytes);
    log_call(LOG_REALLOC_END, resized, size_bytes);
    return resized;
}

EXPORT void *reallocarray(void *block, size_t count, size_t size_bytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, size_bytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, product);
}

EXPORT void *memalign(size_t alignment, size_t size_bytes)
{
    return log_pair(LOG_MEMALIGN, __libc_memalign(alignment, size_bytes), size_bytes,
                    alignment);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size_bytes)
{
    return memalign(alignment, size_bytes);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size_bytes)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 ||
        (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int saved_errno = errno;
    void *block = memalign(alignment, size_bytes);
    errno = saved_errno;
    if (block == NULL) {
        return ENOMEM;
    }
    *result = block;
    return 0;
}

EXPORT void *valloc(size_t size_bytes)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), size_bytes);
}

EXPORT void *pvalloc(size_t size_bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded;
    if (__builtin_add_overflow(size_bytes, page_bytes - 1, &rounded)) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page_bytes, rounded & ~(page_bytes - 1));
}

/* Not recorded, but it must answer for glibc's blocks even in a program that is linked
 * with another allocator (redis and jemalloc), whose own would be found next. */
EXPORT size_t malloc_usable_size(void *block)
{
    static size_t (*_Atomic usable_size)(void *);
    if (usable_size == NULL) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *symbol = libc != NULL ? dlsym(libc, "malloc_usable_size") : NULL;
        if (symbol == NULL) {
            return 0;
        }
        usable_size = (size_t(*)(void *))symbol;
    }
    return usable_size(block);
}
