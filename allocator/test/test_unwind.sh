#!/usr/bin/env bash
# A library that is unloaded and another build of it loaded at the same place: the rules
# that were made for the first do not hold for the second, whose frames are larger.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=$(realpath "${BUILD:-build}")
source=$(realpath "$(dirname "$0")/..")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

cat >plugin.c <<'END'
void plugin_call(void (*function)(void));
void plugin_call(void (*function)(void))
{
    volatile char some[BYTES];
    some[0] = 1;
    function();
    some[1] = 1;
}
END

cat >host.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "debug/unwind.h"

enum {
    MOST = 100,
    FAILED = 1,
    ELSEWHERE = 77
};

static void *return_address;

static NO_INLINE void compare(void)
{
    void *ours[MOST], *theirs[MOST];
    const struct unwind_start start = unwind_start_here();
    const size_t our_count = debug_unwind(&start, ours, MOST);
    const size_t their_count = unwind_by_libgcc(&start, theirs, MOST);
    if (their_count < 3 || our_count != their_count ||
        memcmp(ours, theirs, our_count * sizeof *ours) != 0) {
        printf("%zu frames, libgcc finds %zu\n", our_count, their_count);
        _Exit(FAILED);
    }
    if (return_address != NULL && return_address != ours[0]) {
        _Exit(ELSEWHERE);
    }
    return_address = ours[0];
}

int main(int count, char **names)
{
    debug_unwind_begin();
    for (int round = 0; round < 3; round++) {
        for (int i = 1; i < count; i++) {
            void *const library = dlopen(names[i], RTLD_NOW);
            void (*call)(void (*)(void)) = NULL;
            *(void **)&call = library != NULL ? dlsym(library, "plugin_call") : NULL;
            if (call == NULL) {
                puts(dlerror());
                return FAILED;
            }
            call(compare);
            call(compare);
            dlclose(library);
        }
    }
    return 0;
}
END

# reload NAME LINKER-OPTION
reload()
{
    local status=1
    if gcc -shared -fPIC -O1 -DBYTES=400 "$2" -o first.so plugin.c >out 2>&1 &&
        gcc -shared -fPIC -O1 -DBYTES=2000 "$2" -o second.so plugin.c >out 2>&1 &&
        gcc -D_GNU_SOURCE -O1 -I"$source" -o host host.c "$BUILD/test/snug.a" >out 2>&1; then
        ./host ./first.so ./second.so >out 2>&1
        status=$?
    fi
    case $status in
    0) pass "$1" ;;
    77) skip "$1" "the second library is loaded elsewhere here" ;;
    *) fail "$1" "$(cat out)" ;;
    esac
}

reload "another build in a library's place, told by its build ID" -Wl,--build-id
reload "and without one" -Wl,--build-id=none
plan
