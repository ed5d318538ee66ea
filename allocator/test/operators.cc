// Operators new and delete under libsnug.so, one case a run: operators CASE. Ends with 0
// if all is as the standard says; a misuse tells the address on stdout before it happens.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <initializer_list>
#include <new>
#include <sys/resource.h>

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            std::fprintf(stderr, "operators.cc:%d: not so: %s\n", __LINE__,            \
                         #condition);                                                  \
            std::_Exit(1);                                                             \
        }                                                                              \
    } while (0)

using std::align_val_t;
using std::nothrow;

static volatile size_t huge = SIZE_MAX / 4;
static const align_val_t page = align_val_t(4096);

static bool in_libsnug(const char *name)
{
    Dl_info info;
    return dladdr(dlsym(RTLD_DEFAULT, name), &info) != 0 &&
           std::strstr(info.dli_fname, "libsnug.so") != nullptr;
}

static void *written(void *block, size_t size, size_t alignment)
{
    CHECK(block != nullptr && reinterpret_cast<uintptr_t>(block) % alignment == 0);
    return std::memset(block, 0x33, size);
}

// Every form, each freed by those that fit it. Those with nothrow are the C++ library's,
// which calls ours.
static void forms()
{
    const char *const names[] = {"_Znwm",
                                 "_Znam",
                                 "_ZnwmSt11align_val_t",
                                 "_ZnamSt11align_val_t",
                                 "_ZdlPv",
                                 "_ZdaPv",
                                 "_ZdlPvm",
                                 "_ZdaPvm",
                                 "_ZdlPvSt11align_val_t",
                                 "_ZdaPvSt11align_val_t",
                                 "_ZdlPvmSt11align_val_t",
                                 "_ZdaPvmSt11align_val_t"};
    for (const char *name : names) {
        if (!in_libsnug(name)) {
            std::fprintf(stderr, "%s is not libsnug.so's\n", name);
            std::_Exit(1);
        }
    }
    for (size_t size : {0, 1, 24, 100, 5000, 300000}) {
        for (int i = 0; i < 20; i++) {
            operator delete(written(operator new(size), size, 16 < size ? 16 : 8));
            operator delete(written(operator new(size), size, 1), size);
            operator delete(written(operator new(size, nothrow), size, 1), nothrow);
            operator delete[](written(operator new[](size), size, 1));
            operator delete[](written(operator new[](size), size, 1), size);
            operator delete[](written(operator new[](size, nothrow), size, 1), nothrow);
            operator delete(written(operator new(size, page), size, 4096), page);
            operator delete(written(operator new(size, page), size, 4096), size, page);
            operator delete(written(operator new(size, page, nothrow), size, 4096),
                            page, nothrow);
            operator delete[](written(operator new[](size, page), size, 4096), page);
            operator delete[](written(operator new[](size, page), size, 4096), size,
                              page);
            operator delete[](written(operator new[](size, page, nothrow), size, 4096),
                              page, nothrow);
        }
    }
    void *const one = operator new(0), *const other = operator new(0);
    CHECK(one != other);
    operator delete(one);
    operator delete(other);
    operator delete(nullptr);
    operator delete[](nullptr, size_t(1));
    operator delete(nullptr, page);
}

template <typename Call> static bool throws_bad_alloc(Call call)
{
    try {
        return call() == nullptr;
    } catch (const std::bad_alloc &) {
        return true;
    }
}

static void out_of_memory()
{
    CHECK(throws_bad_alloc([] { return operator new(huge); }));
    CHECK(throws_bad_alloc([] { return operator new[](huge); }));
    CHECK(throws_bad_alloc([] { return operator new(huge, page); }));
    CHECK(throws_bad_alloc([] { return operator new[](huge, page); }));
    CHECK(throws_bad_alloc([] { return operator new(8, align_val_t(48)); }));
    CHECK(operator new(huge, nothrow) == nullptr);
    CHECK(operator new[](huge, nothrow) == nullptr);
    CHECK(operator new(huge, page, nothrow) == nullptr);
    CHECK(operator new[](huge, page, nothrow) == nullptr);
}

static int handler_calls;

static void give_up_at_the_third()
{
    if (++handler_calls == 3) {
        std::set_new_handler(nullptr);
    }
}

static void lift_the_limit()
{
    const rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    handler_calls++;
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
}

static void throw_a_number()
{
    handler_calls++;
    throw 42;
}

static void handlers()
{
    std::set_new_handler(give_up_at_the_third);
    CHECK(throws_bad_alloc([] { return operator new(huge); }) && handler_calls == 3);
    std::set_new_handler(give_up_at_the_third);
    handler_calls = 0;
    CHECK(operator new[](huge, nothrow) == nullptr && handler_calls == 3);
    std::set_new_handler(throw_a_number);
    handler_calls = 0;
    try {
        operator delete[](operator new[](huge, page));
        CHECK(!"reached");
    } catch (int number) {
        CHECK(number == 42 && handler_calls == 1);
    }
    const size_t gib = size_t(1) << 30;
    const rlimit little = {gib, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &little) == 0);
    std::set_new_handler(lift_the_limit);
    handler_calls = 0;
    void *const block = operator new[](2 * gib);
    CHECK(block != nullptr && handler_calls == 1);
    operator delete[](block, 2 * gib);
}

static void *told(void *block)
{
    std::printf("%p\n", block);
    std::fflush(stdout);
    return block;
}

static const struct {
    const char *name;
    void (*run)();
} cases[] = {
    {"forms", forms},
    {"out_of_memory", out_of_memory},
    {"handlers", handlers},
    {"new_free", [] { std::free(told(operator new(100))); }},
    {"new_array_free", [] { std::free(told(operator new[](100))); }},
    {"malloc_delete", [] { operator delete(told(std::malloc(100))); }},
    {"malloc_delete_array", [] { operator delete[](told(std::malloc(100))); }},
    {"malloc_delete_sized", [] { operator delete(told(std::malloc(100)), 100); }},
    {"new_array_delete", [] { operator delete(told(operator new[](100))); }},
    {"new_delete_array", [] { operator delete[](told(operator new(100))); }},
    {"new_array_delete_sized",
     [] { operator delete(told(operator new[](100)), 100); }},
    {"nothrow_array_delete",
     [] { operator delete(told(operator new[](100, nothrow))); }},
    {"new_realloc", [] { std::free(std::realloc(told(operator new(100)), 200)); }},
    {"new_aligned_free", [] { std::free(told(operator new(100, page))); }},
    {"wrong_size", [] { operator delete(told(operator new(100)), 10); }},
    {"wrong_size_large", [] { operator delete(told(operator new(100)), 1000000); }},
    {"wrong_size_array", [] { operator delete[](told(operator new[](100)), 101); }},
    {"wrong_size_aligned",
     [] { operator delete(told(operator new(100, page)), 99, page); }},
    {"plain_delete_of_aligned", [] { operator delete(told(operator new(100, page))); }},
    {"aligned_delete_of_plain", [] { operator delete(told(operator new(100)), page); }},
    {"wrong_alignment",
     [] { operator delete(told(operator new(100, page)), align_val_t(64)); }},
    {"wrong_alignment_array",
     [] { operator delete[](told(operator new[](100, page)), align_val_t(64)); }},
};

int main(int count, char **arguments)
{
    for (const auto &row : cases) {
        if (count == 2 && std::strcmp(row.name, arguments[1]) == 0) {
            row.run();
            return 0;
        }
    }
    return 2;
}
