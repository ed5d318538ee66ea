#!/usr/bin/env bash
# C++'s operators new and delete: programs compiled here, run under libsnug.so at levels 0
# (nothing), 1 (check) and 2 (guard).
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=$(realpath "${BUILD:-build}")
tests=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d)
library=$(scripts/preload-path "$BUILD/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
levels=("" "check" "guard")

report()
{
    if [ -z "$2" ]; then
        pass "$1"
    else
        fail "$1" "$(head -n 10 <<<"$2")"
    fi
}

# run LEVEL COMMAND...: its output in out and err; sets status.
run()
{
    local level=$1
    shift
    # The shell's own line about a child that was killed goes nowhere.
    {
        (ulimit -c 0 && LD_PRELOAD=$library SNUG_DEBUG=${levels[$level]} exec "$@") \
            >out 2>err </dev/null
        status=$?
    } 2>/dev/null
}

# well NAME COMMAND...: ends with 0 and says nothing, at every level; but level 2 may tell
# of a limit that the program set.
well()
{
    local name=$1 level problem=""
    shift
    for level in 0 1 2; do
        run "$level" "$@"
        if [ "$status" -ne 0 ] || grep -qv "^snug: guard: the system refuses" err; then
            problem+="level $level: status $status: $(cat err out)"$'\n'
        fi
    done
    report "$name" "$problem"
}

# misuse CASE LINE: at levels 1 and 2 SIGABRT after the line, P being the address that
# the program told; at level 0 nothing is noticed.
misuse()
{
    local level problem="" expected
    run 0 ./operators "$1"
    [ "$status" -eq 0 ] && [ ! -s err ] || problem="level 0: $status, $(cat err)"$'\n'
    for level in 1 2; do
        run "$level" ./operators "$1"
        expected="snug: ${2/P/$(cat out)}"
        if [ "$status" -ne 134 ] || [ "$(head -n 1 err)" != "$expected" ]; then
            problem+="level $level: status $status, $(head -n 1 err), not $expected"$'\n'
        fi
    done
    report "misuse $1" "$problem"
}

flags=(-std=c++17 -O1 -w -fno-builtin)
problem=$(g++ "${flags[@]}" -o operators "$tests/operators.cc" -ldl 2>&1 &&
    g++ "${flags[@]}" -o replaced "$tests/operators_replaced.cc" 2>&1)
report "the programs compile" "$problem"

well "all forms are there and fit each other" ./operators forms
well "out of memory throws, or returns nothing" ./operators out_of_memory
well "out of memory calls the new handler" ./operators handlers
well "a program's own operators are kept to" ./replaced

mismatched="mismatched free of P, 100 bytes"
wrong_size="free with a wrong size of P, 100 bytes"
wrong_alignment="free with a wrong alignment of P, 100 bytes"
for name in new_free new_array_free malloc_delete malloc_delete_array \
    malloc_delete_sized new_array_delete new_delete_array new_array_delete_sized \
    nothrow_array_delete new_aligned_free; do
    misuse "$name" "$mismatched"
done
misuse new_realloc "mismatched realloc of P, 100 bytes"

# Unless that may be, as where a library has operators of its own.
problem=""
for level in check guard; do
    levels[3]=$level,mismatch=0
    for name in new_free malloc_delete new_array_delete nothrow_array_delete wrong_size \
        wrong_alignment; do
        run 3 ./operators "$name"
        if [ "$status" -ne 0 ] || grep -q "snug:" err; then
            problem+="$level, $name: status $status: $(cat err)"$'\n'
        fi
    done
done
report "with mismatch=0 a call may claim what is not so" "$problem"

for name in wrong_size wrong_size_large wrong_size_array wrong_size_aligned; do
    misuse "$name" "$wrong_size"
done
for name in plain_delete_of_aligned aligned_delete_of_plain wrong_alignment \
    wrong_alignment_array; do
    misuse "$name" "$wrong_alignment"
done

# Without a C++ library there is nobody to throw; with one that only a plug-in has, there
# is.
cat >plain.c <<'CODE'
#include <stddef.h>
void *_Znwm(size_t size);
int main(void)
{
    return _Znwm((size_t)1 << 60) != NULL;
}
CODE
cat >host.c <<'CODE'
#include <dlfcn.h>
#include <stddef.h>
int main(void)
{
    void *const plugin = dlopen("./plugin.so", RTLD_NOW | RTLD_LOCAL);
    int (*const call)(void) = plugin != NULL ? dlsym(plugin, "call") : NULL;
    return call != NULL ? call() : 3;
}
CODE
cat >plugin.cc <<'CODE'
#include <new>
extern "C" int call()
{
    volatile unsigned long huge = 1UL << 60;
    try {
        operator delete(operator new(huge));
    } catch (const std::bad_alloc &) {
        return operator new[](huge, std::nothrow) != nullptr;
    }
    return 2;
}
CODE
problem=$(gcc -o plain plain.c "$library" 2>&1 && gcc -o host host.c -ldl 2>&1 &&
    g++ "${flags[@]}" -shared -fPIC -o plugin.so plugin.cc 2>&1)
report "the plug-in compiles" "$problem"
well "bad_alloc is thrown for a plug-in" ./host
run 0 ./plain
no_library="snug: out of memory in operator new, and no C++ library to throw"
problem=$(cat err)
[ "$status" -ne 134 ] || problem=${problem#"$no_library"}
report "out of memory without a C++ library is fatal" "$problem"

# An allocator that the program is linked with has every operator; none may be mixed in.
cat >other.cc <<'CODE'
#include <cstdlib>
#include <new>
using aligned = std::align_val_t;
using nothrow = const std::nothrow_t &;
void *operator new(size_t) { abort(); }
void operator delete(void *) noexcept { abort(); }
void *operator new(size_t, nothrow) noexcept { abort(); }
void *operator new[](size_t, nothrow) noexcept { abort(); }
void *operator new(size_t, aligned, nothrow) noexcept { abort(); }
void *operator new[](size_t, aligned, nothrow) noexcept { abort(); }
void operator delete(void *, nothrow) noexcept { abort(); }
void operator delete[](void *, nothrow) noexcept { abort(); }
void operator delete(void *, aligned, nothrow) noexcept { abort(); }
void operator delete[](void *, aligned, nothrow) noexcept { abort(); }
CODE
problem=$(g++ "${flags[@]}" -w -shared -fPIC -o libother.so other.cc 2>&1 &&
    g++ "${flags[@]}" -o linked "$tests/operators.cc" -Wl,--no-as-needed -L. -lother \
        -Wl,-rpath,. 2>&1)
report "a program linked with another allocator compiles" "$problem"
well "all forms are there beside another allocator" ./linked forms
well "out of memory throws there, or returns nothing" ./linked out_of_memory
plan
