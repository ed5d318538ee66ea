#include "trace/family.h"

#include <string.h>

enum {
    PAGE_BYTES = 4096
};

static const struct family_function functions[] = {
    {"malloc", FAMILY_ALLOCATE, "s", 0},
    {"free", FAMILY_FREE, "p", 0},
    {"calloc", FAMILY_ALLOCATE_ZEROED, "ns", 0},
    {"realloc", FAMILY_RESIZE, "ps", 0},
    {"reallocarray", FAMILY_RESIZE, "pns", 0},
    {"memalign", FAMILY_ALLOCATE, "as", 0},
    {"aligned_alloc", FAMILY_ALLOCATE, "as", 0},
    {"valloc", FAMILY_ALLOCATE, "s", PAGE_BYTES},
    {"pvalloc", FAMILY_ALLOCATE, "s", PAGE_BYTES},
    {"posix_memalign", FAMILY_HIDE, "-as", 0},
    {"cfree", FAMILY_FREE, "p", 0},
    {"free_sized", FAMILY_FREE, "pz", 0},
    {"free_aligned_sized", FAMILY_FREE, "paz", 0},
    {"__builtin_new", FAMILY_ALLOCATE, "s", 0},
    {"__builtin_vec_new", FAMILY_ALLOCATE, "s", 0},
    {"__builtin_delete", FAMILY_FREE, "p", 0},
    {"__builtin_vec_delete", FAMILY_FREE, "p", 0},
    {"_Znwm", FAMILY_ALLOCATE, "s", 0},
    {"_ZnwmRKSt9nothrow_t", FAMILY_ALLOCATE, "s", 0},
    {"_ZnwmSt11align_val_t", FAMILY_ALLOCATE, "sa", 0},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", FAMILY_ALLOCATE, "sa", 0},
    {"_Znam", FAMILY_ALLOCATE, "s", 0},
    {"_ZnamRKSt9nothrow_t", FAMILY_ALLOCATE, "s", 0},
    {"_ZnamSt11align_val_t", FAMILY_ALLOCATE, "sa", 0},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", FAMILY_ALLOCATE, "sa", 0},
    {"_ZdlPv", FAMILY_FREE, "p", 0},
    {"_ZdlPvm", FAMILY_FREE, "pz", 0},
    {"_ZdlPvRKSt9nothrow_t", FAMILY_FREE, "p", 0},
    {"_ZdlPvSt11align_val_t", FAMILY_FREE, "p", 0},
    {"_ZdlPvmSt11align_val_t", FAMILY_FREE, "pz", 0},
    {"_ZdlPvSt11align_val_tRKSt9nothrow_t", FAMILY_FREE, "p", 0},
    {"_ZdaPv", FAMILY_FREE, "p", 0},
    {"_ZdaPvm", FAMILY_FREE, "pz", 0},
    {"_ZdaPvRKSt9nothrow_t", FAMILY_FREE, "p", 0},
    {"_ZdaPvSt11align_val_t", FAMILY_FREE, "p", 0},
    {"_ZdaPvmSt11align_val_t", FAMILY_FREE, "pz", 0},
    {"_ZdaPvSt11align_val_tRKSt9nothrow_t", FAMILY_FREE, "p", 0},
    {"operator new(unsigned long)", FAMILY_ALLOCATE, "s", 0},
    {"operator new(unsigned long, std::nothrow_t const&)", FAMILY_ALLOCATE, "s", 0},
    {"operator new(unsigned long, std::align_val_t)", FAMILY_ALLOCATE, "sa", 0},
    {"operator new(unsigned long, std::align_val_t, std::nothrow_t const&)",
     FAMILY_ALLOCATE, "sa", 0},
    {"operator new[](unsigned long)", FAMILY_ALLOCATE, "s", 0},
    {"operator new[](unsigned long, std::nothrow_t const&)", FAMILY_ALLOCATE, "s", 0},
    {"operator new[](unsigned long, std::align_val_t)", FAMILY_ALLOCATE, "sa", 0},
    {"operator new[](unsigned long, std::align_val_t, std::nothrow_t const&)",
     FAMILY_ALLOCATE, "sa", 0},
    {"operator delete(void*)", FAMILY_FREE, "p", 0},
    {"operator delete(void*, unsigned long)", FAMILY_FREE, "pz", 0},
    {"operator delete(void*, std::nothrow_t const&)", FAMILY_FREE, "p", 0},
    {"operator delete(void*, std::align_val_t)", FAMILY_FREE, "p", 0},
    {"operator delete(void*, unsigned long, std::align_val_t)", FAMILY_FREE, "pz", 0},
    {"operator delete[](void*)", FAMILY_FREE, "p", 0},
    {"operator delete[](void*, unsigned long)", FAMILY_FREE, "pz", 0},
    {"operator delete[](void*, std::nothrow_t const&)", FAMILY_FREE, "p", 0},
    {"operator delete[](void*, std::align_val_t)", FAMILY_FREE, "p", 0},
    {"operator delete[](void*, unsigned long, std::align_val_t)", FAMILY_FREE, "pz", 0},
};

const struct family_function *family_find(const char *text, size_t *length)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const char *name = functions[i].name;
        if (*name != *text) {
            continue;
        }
        *length = strlen(name);
        if (strncmp(text, name, *length) == 0) {
            char next = text[*length];
            if (next == '(' || next == '@' || next == ' ') {
                return &functions[i];
            }
        }
    }
    return NULL;
}
