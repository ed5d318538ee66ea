/* C++'s operators new and delete, in the preload library only (C++17, [new.delete]).
 *
 * Each form calls what the standard's own calls (new[] calls new, delete(p, size) calls
 * delete(p) ...), by way of the dynamic linker: a program that replaces some of them
 * gets the rest built upon its own. The debug levels learn which form was used, as long
 * as nobody replaced any. What only C++ can do, to throw and to catch, is left to the
 * C++ library: forms that take nothrow_t stand here only so that they are not those of
 * another allocator that the program is linked with. */
#include <dlfcn.h>

#include "api/fast.h"
#include "debug/debug.h"
#include "snug.h"

/* A name of C++'s, mangled for 64-bit size_t. */
#define MANGLED(name) __asm__(name) __attribute__((visibility("default"), used, hot))

/* A form that others call, and the same code by a name that nobody can replace. */
#define FORM(mangled, result, name, parameters)                                        \
    result name parameters MANGLED(mangled);                                           \
    static result own_##name parameters __attribute__((alias(mangled), hot))

FORM("_Znwm", void *, operator_new, (size_t size));
FORM("_Znam", void *, new_array, (size_t size));
FORM("_ZnwmSt11align_val_t", void *, new_aligned, (size_t size, size_t alignment));
FORM("_ZnamSt11align_val_t", void *, new_array_aligned,
     (size_t size, size_t alignment));
FORM("_ZdlPv", void, operator_delete, (void *ptr));
FORM("_ZdaPv", void, delete_array, (void *ptr));
FORM("_ZdlPvSt11align_val_t", void, delete_aligned, (void *ptr, size_t alignment));
FORM("_ZdaPvSt11align_val_t", void, delete_array_aligned,
     (void *ptr, size_t alignment));

/* The definition in force, which a compiler must not take for the one in this file. */
#define IN_FORCE(function)                                                             \
    ({                                                                                 \
        __typeof__(&(function)) in_force_ = (function);                                \
        __asm__("" : "+r"(in_force_));                                                 \
        in_force_;                                                                     \
    })

#define IS_OWN(form) (IN_FORCE(form) == own_##form)

/* Whether all calls from form to form end up here. */
static COLD_CODE bool are_all_own(void)
{
    return IS_OWN(operator_new) && IS_OWN(new_array) && IS_OWN(new_aligned) &&
           IS_OWN(new_array_aligned) && IS_OWN(operator_delete) &&
           IS_OWN(delete_array) && IS_OWN(delete_aligned) &&
           IS_OWN(delete_array_aligned);
}

/* Whether a debug level is on and learns the form from its function. */
static ALWAYS_INLINE bool debug_knows_forms(void)
{
    return debug_is_on() && are_all_own();
}

/* alignment 1: none is asked for. NULL: no memory, or no alignment. */
static ALWAYS_INLINE void *allocate(size_t size, size_t alignment, enum debug_kind kind)
{
    if (!debug_is_on()) {
        return alignment == 1 ? snug_malloc(size) : snug_aligned_alloc(alignment, size);
    }
    return is_power_of_two(alignment) && alignment <= REQUEST_LIMIT_BYTES
               ? debug_allocate(size, alignment, kind, NULL)
               : NULL;
}

/* What this name means in the C++ library, which may have been loaded for a plug-in
 * alone; NULL: there is none. What comes next may be another allocator's. *known keeps
 * it. */
static COLD_CODE void *library_definition(const char *name, void **known)
{
    static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1"};
    void *found = __atomic_load_n(known, __ATOMIC_RELAXED);
    for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof *libraries; i++) {
        void *const library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        found = library != NULL ? dlsym(library, name) : NULL;
    }
    found = found != NULL ? found : dlsym(RTLD_NEXT, name);
    __atomic_store_n(known, found, __ATOMIC_RELAXED);
    return found;
}

/* No memory: as long as the program has a handler, call it and try again; then the C++
 * library's form, which calls our malloc, fails, too, and throws. The handler may
 * throw. */
static COLD_CODE void *allocate_or_throw(size_t size, size_t alignment,
                                         enum debug_kind kind)
{
    static void *known_handler, *known_new, *known_aligned;
    void (*(*const handler)(void))(void) =
        library_definition("_ZSt15get_new_handlerv", &known_handler);
    while (handler != NULL && handler() != NULL) {
        handler()();
        void *const block = allocate(size, alignment, kind);
        if (block != NULL) {
            return block;
        }
    }
    void *const next = alignment == 1
                           ? library_definition("_Znwm", &known_new)
                           : library_definition("_ZnwmSt11align_val_t", &known_aligned);
    if (next == NULL) {
        fatal("out of memory in operator new, and no C++ library to throw");
    }
    return alignment == 1 ? ((void *(*)(size_t))next)(size)
                          : ((void *(*)(size_t, size_t))next)(size, alignment);
}

static ALWAYS_INLINE void *allocate_surely(size_t size, size_t alignment,
                                           enum debug_kind kind)
{
    void *const block = allocate(size, alignment, kind);
    return LIKELY(block != NULL) ? block : allocate_or_throw(size, alignment, kind);
}

static HOT_CODE NO_INLINE void *operator_new_slow(size_t size)
{
    return allocate_surely(size, 1, DEBUG_NEW);
}

/* With a debug level the lists are empty: what one of them holds is given unasked. */
void *operator_new(size_t size)
{
    if (size > SMALL_LIMIT_BYTES) {
        return operator_new_slow(size);
    }
    void *const object = cache_pop(class_from_request(size));
    return LIKELY(object != NULL) ? object : operator_new_slow(size);
}

void *new_array(size_t size)
{
    return debug_knows_forms() ? allocate_surely(size, 1, DEBUG_NEW_ARRAY)
                               : IN_FORCE(operator_new)(size);
}

void *new_aligned(size_t size, size_t alignment)
{
    return allocate_surely(size, alignment, DEBUG_NEW);
}

void *new_array_aligned(size_t size, size_t alignment)
{
    return debug_knows_forms() ? allocate_surely(size, alignment, DEBUG_NEW_ARRAY)
                               : IN_FORCE(new_aligned)(size, alignment);
}

#define NO_SIZE SIZE_MAX /* the caller does not tell it */

static COLD_CODE void debug_release(void *ptr, enum debug_kind kind, size_t size,
                                    size_t alignment)
{
    if (ptr != NULL) {
        debug_free(
            ptr, (struct debug_release){kind, size != NO_SIZE, size, alignment, false});
    }
}

/* The forms that others end in. */
static ALWAYS_INLINE void release(void *ptr, size_t alignment)
{
    if (debug_is_on()) {
        debug_release(ptr, DEBUG_NEW, NO_SIZE, alignment);
    } else {
        snug_free(ptr);
    }
}

void operator_delete(void *ptr)
{
    release(ptr, 0);
}

void delete_aligned(void *ptr, size_t alignment)
{
    release(ptr, alignment);
}

/* A form that is built upon another, and what it tells a debug level. */
#define DELETE(mangled, name, parameters, kind, size, alignment, upon)                 \
    void name parameters MANGLED(mangled);                                             \
    void name parameters                                                               \
    {                                                                                  \
        if (debug_knows_forms()) {                                                     \
            debug_release(ptr, kind, size, alignment);                                 \
        } else {                                                                       \
            upon;                                                                      \
        }                                                                              \
    }

DELETE("_ZdaPv", delete_array, (void *ptr), DEBUG_NEW_ARRAY, NO_SIZE, 0,
       IN_FORCE(operator_delete)(ptr))
DELETE("_ZdlPvm", delete_sized, (void *ptr, size_t size), DEBUG_NEW, size, 0,
       IN_FORCE(operator_delete)(ptr))
DELETE("_ZdaPvm", delete_array_sized, (void *ptr, size_t size), DEBUG_NEW_ARRAY, size,
       0, IN_FORCE(delete_array)(ptr))
DELETE("_ZdaPvSt11align_val_t", delete_array_aligned, (void *ptr, size_t alignment),
       DEBUG_NEW_ARRAY, NO_SIZE, alignment, IN_FORCE(delete_aligned)(ptr, alignment))
DELETE("_ZdlPvmSt11align_val_t", delete_aligned_sized,
       (void *ptr, size_t size, size_t alignment), DEBUG_NEW, size, alignment,
       IN_FORCE(delete_aligned)(ptr, alignment))
DELETE("_ZdaPvmSt11align_val_t", delete_array_aligned_sized,
       (void *ptr, size_t size, size_t alignment), DEBUG_NEW_ARRAY, size, alignment,
       IN_FORCE(delete_array_aligned)(ptr, alignment))

#define NOTHROW const void *nothrow __attribute__((unused))

DELETE("_ZdlPvRKSt9nothrow_t", delete_nothrow, (void *ptr, NOTHROW), DEBUG_NEW, NO_SIZE,
       0, IN_FORCE(operator_delete)(ptr))
DELETE("_ZdaPvRKSt9nothrow_t", delete_array_nothrow, (void *ptr, NOTHROW),
       DEBUG_NEW_ARRAY, NO_SIZE, 0, IN_FORCE(delete_array)(ptr))
DELETE("_ZdlPvSt11align_val_tRKSt9nothrow_t", delete_aligned_nothrow,
       (void *ptr, size_t alignment, NOTHROW), DEBUG_NEW, NO_SIZE, alignment,
       IN_FORCE(delete_aligned)(ptr, alignment))
DELETE("_ZdaPvSt11align_val_tRKSt9nothrow_t", delete_array_aligned_nothrow,
       (void *ptr, size_t alignment, NOTHROW), DEBUG_NEW_ARRAY, NO_SIZE, alignment,
       IN_FORCE(delete_array_aligned)(ptr, alignment))

/* A form that takes nothrow_t, too: the C++ library's, which calls one of those above
 * and catches what it throws. */
#define NEW_NOTHROW(mangled, name, parameters, arguments)                              \
    void *name parameters MANGLED(mangled);                                            \
    void *name parameters                                                              \
    {                                                                                  \
        static void *known;                                                            \
        __typeof__(&(name)) form = library_definition(mangled, &known);                \
        return form != NULL ? form arguments : NULL;                                   \
    }

NEW_NOTHROW("_ZnwmRKSt9nothrow_t", new_nothrow, (size_t size, NOTHROW), (size, nothrow))
NEW_NOTHROW("_ZnamRKSt9nothrow_t", new_array_nothrow, (size_t size, NOTHROW),
            (size, nothrow))
NEW_NOTHROW("_ZnwmSt11align_val_tRKSt9nothrow_t", new_aligned_nothrow,
            (size_t size, size_t alignment, NOTHROW), (size, alignment, nothrow))
NEW_NOTHROW("_ZnamSt11align_val_tRKSt9nothrow_t", new_array_aligned_nothrow,
            (size_t size, size_t alignment, NOTHROW), (size, alignment, nothrow))
