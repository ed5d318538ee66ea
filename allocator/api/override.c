/* The libc names, in the preload library only: each is the snug_ call of that name. */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "api/entry.h"
#include "api/fast.h"
#include "snug.h"

#define EXPORT __attribute__((visibility("default")))
/* For one more name of a function in this file: the same address, so that it costs
 * nothing. gcc wants the attributes that libc declares for the first name. */
#if __has_attribute(copy)
#define ALIAS_OF(function) __attribute__((alias(#function), copy(function)))
#else
#define ALIAS_OF(function) __attribute__((alias(#function)))
#endif

EXPORT HOT_CODE void *malloc(size_t size)
{
    return fast_malloc(size);
}

EXPORT HOT_CODE void free(void *ptr)
{
    fast_free(ptr);
}

/* libc declares no such names. */
void cfree(void *ptr);
void free_sized(void *ptr, size_t size);
void free_aligned_sized(void *ptr, size_t alignment, size_t size);

/* The name is the snug_ call. */
#define IS(result, name, snug_name, parameters, arguments)                             \
    EXPORT result name parameters                                                      \
    {                                                                                  \
        return snug_name arguments;                                                    \
    }

IS(void *, calloc, snug_calloc, (size_t count, size_t size), (count, size))
IS(void *, realloc, snug_realloc, (void *ptr, size_t size), (ptr, size))
IS(void, cfree, snug_free, (void *ptr), (ptr))
IS(void, free_sized, snug_free_sized, (void *ptr, size_t size), (ptr, size))
IS(void, free_aligned_sized, snug_free_aligned_sized,
   (void *ptr, size_t alignment, size_t size), (ptr, alignment, size))
IS(void *, aligned_alloc, snug_aligned_alloc, (size_t alignment, size_t size),
   (alignment, size))
IS(int, posix_memalign, snug_posix_memalign,
   (void **out, size_t alignment, size_t size), (out, alignment, size))
IS(void *, memalign, snug_memalign, (size_t alignment, size_t size), (alignment, size))
IS(void *, valloc, snug_valloc, (size_t size), (size))
IS(void *, pvalloc, snug_pvalloc, (size_t size), (size))
IS(size_t, malloc_usable_size, snug_malloc_usable_size, (void *ptr), (ptr))
IS(int, malloc_trim, snug_malloc_trim, (size_t pad), (pad))
IS(int, mallopt, snug_mallopt, (int parameter, int value), (parameter, value))
IS(struct mallinfo2, mallinfo2, snug_mallinfo2, (void), ())
IS(void, malloc_stats, snug_malloc_stats, (void), ())
IS(int, malloc_info, snug_malloc_info, (int options, FILE *stream), (options, stream))
IS(int, mlockall, reserve_mlockall, (int flags), (flags))
IS(int, munlockall, reserve_munlockall, (void), ())

/* glibc's other names for its own: whoever calls one of these gets a block that free
 * must know, or gives one that malloc gave. */
/* NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's. */
EXPORT extern __typeof(malloc) __libc_malloc ALIAS_OF(malloc);
EXPORT extern __typeof(calloc) __libc_calloc ALIAS_OF(calloc);
EXPORT extern __typeof(realloc) __libc_realloc ALIAS_OF(realloc);
EXPORT extern __typeof(free) __libc_free ALIAS_OF(free);
EXPORT extern __typeof(memalign) __libc_memalign ALIAS_OF(memalign);
EXPORT extern __typeof(valloc) __libc_valloc ALIAS_OF(valloc);
EXPORT extern __typeof(pvalloc) __libc_pvalloc ALIAS_OF(pvalloc);
EXPORT extern __typeof(mallopt) __libc_mallopt ALIAS_OF(mallopt);
EXPORT extern struct mallinfo __libc_mallinfo(void) __attribute__((alias("mallinfo")));
/* NOLINTEND(bugprone-reserved-identifier) */

/* As glibc says of this old call, what is too large for an int is cut off. */
EXPORT struct mallinfo mallinfo(void)
{
    const struct mallinfo2 info = snug_mallinfo2();
    return (struct mallinfo){
        .arena = (int)info.arena,
        .ordblks = (int)info.ordblks,
        .hblks = (int)info.hblks,
        .hblkhd = (int)info.hblkhd,
        .fsmblks = (int)info.fsmblks,
        .uordblks = (int)info.uordblks,
        .fordblks = (int)info.fordblks,
        .keepcost = (int)info.keepcost,
    };
}

/* What a name means to the dynamic linker, from RTLD_NEXT or RTLD_DEFAULT on; *known
 * keeps it. Where a library needs us, and not the program, libc may stand before us. */
static void *definition(void *first, const char *name, void **known)
{
    void *found = __atomic_load_n(known, __ATOMIC_RELAXED);
    if (found == NULL) {
        found = dlsym(first, name);
        found = found != NULL ? found : dlsym(RTLD_DEFAULT, name);
        __atomic_store_n(known, found, __ATOMIC_RELAXED);
    }
    return found;
}

/* A library opened with RTLD_DEEPBIND would find libc's malloc and free before ours,
 * while what libc gives it (strdup, getline) and what it shares with the program are
 * our blocks. So it is opened without. What libc finds out from the address of its
 * caller, where to search and in which namespace, stays right: the last call is a jump,
 * which compilers make of it from -O2 on. */
EXPORT void *dlopen(const char *file, int mode)
{
    static void *known;
    __typeof(dlopen) *const next = definition(RTLD_NEXT, "dlopen", &known);
    return next(file, mode & ~RTLD_DEEPBIND);
}

/* The locks are taken after all handlers of others, as in glibc's malloc: a handler may
 * wait for a lock of its own that another thread has amid a call of ours. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the name is glibc's. */
EXPORT int __register_atfork(void (*prepare)(void), void (*parent)(void),
                             void (*child)(void), void *library)
{
    static void *known;
    __typeof(__register_atfork) *const next =
        definition(RTLD_NEXT, "__register_atfork", &known);
    fork_watch();
    return next(prepare, parent, child, library);
}

/* As libc's, by way of whoever's realloc is in force: a program or tool that has malloc
 * and its kin itself may leave this one out. It stands here so that it is not that of
 * another allocator that the program is linked with. */
EXPORT void *reallocarray(void *ptr, size_t count, size_t size)
{
    static void *known;
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return out_of_memory();
    }
    __typeof(realloc) *const in_force = definition(RTLD_DEFAULT, "realloc", &known);
    return in_force != NULL ? in_force(ptr, bytes) : realloc(ptr, bytes);
}
