/* C++'s operators new and delete of a program that is linked with an allocator which
 * has its own: they go to the C++ library's, which call malloc and free and so are
 * recorded. Those of a library that is no allocator, with pools for instance, stay in
 * force. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* No form takes more; what one does not take it does not look at. */
typedef void *form(uintptr_t first, uintptr_t second, uintptr_t third);

/* Whether what comes next by a name is in the library whose malloc comes next. */
static bool is_an_allocators(void *next)
{
    Dl_info of_next;
    Dl_info of_malloc;
    void *malloc_next = dlsym(RTLD_NEXT, "malloc");
    return next != NULL && malloc_next != NULL && dladdr(next, &of_next) != 0 &&
           dladdr(malloc_next, &of_malloc) != 0 &&
           of_next.dli_fbase == of_malloc.dli_fbase;
}

/* NULL: no C++ library is loaded. */
static void *library_definition(const char *name)
{
    static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1"};
    void *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof *libraries; i++) {
        void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        found = library != NULL ? dlsym(library, name) : NULL;
    }
    return found;
}

/* *known keeps it. The C++ library may have been loaded for a plug-in alone, and does
 * not come next then. */
static form *find(const char *name, _Atomic(void *) *known)
{
    void *found = atomic_load_explicit(known, memory_order_relaxed);
    if (found == NULL) {
        void *next = dlsym(RTLD_NEXT, name);
        const bool is_wanted = next != NULL && !is_an_allocators(next);
        found = is_wanted ? NULL : library_definition(name);
        found = found != NULL ? found : next;
        if (found == NULL) { /* nobody could have linked the call */
            abort();
        }
        atomic_store_explicit(known, found, memory_order_relaxed);
    }
    return (form *)found;
}

/* By C++'s mangled names, for 64-bit size_t. */
#define OPERATOR(name, mangled)                                                        \
    EXPORT void *name(uintptr_t first, uintptr_t second,                               \
                      uintptr_t third) __asm__(mangled);                               \
    void *name(uintptr_t first, uintptr_t second, uintptr_t third)                     \
    {                                                                                  \
        static _Atomic(void *) known;                                                  \
        return find(mangled, &known)(first, second, third);                            \
    }

OPERATOR(new_plain, "_Znwm")
OPERATOR(new_array, "_Znam")
OPERATOR(new_nothrow, "_ZnwmRKSt9nothrow_t")
OPERATOR(new_array_nothrow, "_ZnamRKSt9nothrow_t")
OPERATOR(new_aligned, "_ZnwmSt11align_val_t")
OPERATOR(new_array_aligned, "_ZnamSt11align_val_t")
OPERATOR(new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t")
OPERATOR(new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t")
OPERATOR(delete_plain, "_ZdlPv")
OPERATOR(delete_array, "_ZdaPv")
OPERATOR(delete_sized, "_ZdlPvm")
OPERATOR(delete_array_sized, "_ZdaPvm")
OPERATOR(delete_nothrow, "_ZdlPvRKSt9nothrow_t")
OPERATOR(delete_array_nothrow, "_ZdaPvRKSt9nothrow_t")
OPERATOR(delete_aligned, "_ZdlPvSt11align_val_t")
OPERATOR(delete_array_aligned, "_ZdaPvSt11align_val_t")
OPERATOR(delete_aligned_sized, "_ZdlPvmSt11align_val_t")
OPERATOR(delete_array_aligned_sized, "_ZdaPvmSt11align_val_t")
OPERATOR(delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t")
OPERATOR(delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t")
