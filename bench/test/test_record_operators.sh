#!/usr/bin/env bash
# snugbench record on C++ programs whose operators new and delete are another library's.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
snugbench=$(realpath "${BUILD:-build}/snugbench")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# requests LIBRARY BYTES: how often a request of so many bytes is on record.
requests()
{
    g++ -std=c++17 -O0 -o program program.cc -L. -Wl,--no-as-needed "-l$1" -Wl,-rpath,. &&
        "$snugbench" record -o program.rep -- ./program >out 2>err &&
        grep -cE "^(a [0-9]+|m [0-9]+ 64) $2\$" program.rep
}

cat >program.cc <<'END'
#include <cstdio>
#include <new>
struct alignas(64) line { char bytes[64]; };
int main()
{
    for (int i = 0; i < 10; i++) {
        delete[] new char[4711];
        delete new (std::nothrow) char[4713];
        delete[] new line[73];
    }
    try {
        char *volatile block = new char[(size_t)1 << 60];
        std::printf("%p\n", (void *)block);
    } catch (const std::bad_alloc &) {
        std::puts("caught");
    }
}
END
# An allocator as jemalloc is: its operators do not call malloc.
cat >allocator.cc <<'END'
#include <cstdlib>
#include <new>
extern "C" void *__libc_malloc(size_t), __libc_free(void *);
static char pool[1 << 20], *next = pool;
static void *take(size_t bytes) { return (next += (bytes + 63) / 64 * 64) - (bytes + 63) / 64 * 64; }
#ifdef HAS_MALLOC
extern "C" void *malloc(size_t bytes) { return __libc_malloc(bytes); }
extern "C" void free(void *block) { __libc_free(block); }
#endif
void *operator new(size_t bytes) { return take(bytes); }
void *operator new[](size_t bytes) { return take(bytes); }
void *operator new(size_t bytes, const std::nothrow_t &) noexcept { return take(bytes); }
void *operator new[](size_t bytes, const std::nothrow_t &) noexcept { return take(bytes); }
void *operator new(size_t bytes, std::align_val_t) { return take(bytes); }
void *operator new[](size_t bytes, std::align_val_t) { return take(bytes); }
void operator delete(void *) noexcept {}
void operator delete[](void *) noexcept {}
void operator delete(void *, size_t) noexcept {}
void operator delete[](void *, size_t) noexcept {}
void operator delete(void *, std::align_val_t) noexcept {}
void operator delete[](void *, std::align_val_t) noexcept {}
END
if needs "operators of other libraries" g++; then
    g++ -w -std=c++17 -shared -fPIC -DHAS_MALLOC -o liballocator.so allocator.cc &&
        g++ -w -std=c++17 -shared -fPIC -o libpools.so allocator.cc
    report "libraries with operators of their own" $?
    ok "new is on record in a plain program" [ "$(requests m 4711)" = 10 ]
    ok "and in one that is linked with an allocator" [ "$(requests allocator 4711)" = 10 ]
    ok "nothrow" [ "$(requests allocator 4713)" = 10 ]
    ok "aligned" [ "$(requests allocator 4672)" = 10 ]
    ok "what fails throws" grep -qx caught out
    ok "pools of a library that is no allocator stay in force" [ "$(requests pools 4711)" = 0 ]
fi
plan
