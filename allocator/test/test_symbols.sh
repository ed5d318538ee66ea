#!/usr/bin/env bash
# What stacks call functions, files and lines, under a level: of code that was inlined, of
# C++, and from where the compilers and objcopy put debug information.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=$(realpath "${BUILD:-build}")
leaks=$build/test/leaks
scratch=$(mktemp -d)
library=$(scripts/preload-path "$build/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=allocator/test/level.sh
. "$(dirname "$0")/level.sh"

# expect_stack FUNCTION... : so many first lines of the first stack.
expect_stack()
{
    local line=3
    for frame in "$@"; do
        expect_line $line "    #$((line - 3)) $frame"
        line=$((line + 1))
    done
}

if needs "stacks with names" libdw.so.1; then
    cat >"$scratch/inlined.c" <<'END'
#include <stdlib.h>
static void *volatile block;
#define INLINED static inline __attribute__((always_inline))
INLINED void inner(int bytes)
{
    block = malloc(bytes);
}
INLINED void middle(int bytes)
{
    {
        volatile int copy = bytes;
        inner(copy);
    }
}
static __attribute__((noinline)) void outer(void)
{
    for (volatile int i = 0; i < 3; i++) {
        middle(100);
    }
    block = NULL;
}
int main(void)
{
    outer();
    return 0;
}
END
    expect_inlined()
    {
        expect_stack "inner at inlined.c:6" "middle at inlined.c:12" \
            "outer at inlined.c:18" "main at inlined.c:24"
    }

    cd "$scratch" || exit 1 # where split information is
    for compiler in gcc clang; do
        needs "inlined functions, by $compiler" "$compiler" || continue
        begin "inlined functions have lines of their own, by $compiler"
        for how in -O0 -O2 "-O2 -gdwarf-4" "-O2 -gsplit-dwarf" "-O2 -flto"; do
            what=$how
            # shellcheck disable=SC2086
            if $compiler $how -g -o inlined inlined.c 2>err; then
                run check ./inlined
                expect_inlined
            else
                [[ $how = *-flto && $compiler = clang ]] || wrong "not built: $(cat err)"
            fi
        done
        what=""
        $compiler -O2 -o plain inlined.c || wrong "not built"
        run check ./plain
        expect err "    #0 outer (plain+0x[0-9a-f]*)"
        $compiler -O2 -s -o plain inlined.c || wrong "not built"
        run check ./plain
        expect err "    #0 (plain+0x[0-9a-f]*)"
        end
    done

    begin "suppress=FILE: by each of the functions inlined into one another"
    gcc -O2 -g -o inlined inlined.c || wrong "not built"
    for function in inner middle outer; do
        echo "$function" >known
        run "check,exitcode=9,suppress=$scratch/known" ./inlined
        expect_status 0
    done
    end

    cat >space.cc <<'END'
#include <cstdlib>
static void *volatile block;
namespace shop {
template <class T> inline __attribute__((always_inline)) void lose(T bytes)
{
    block = malloc(bytes);
}
namespace inside {
__attribute__((noinline)) void sell(long bytes)
{
    lose(bytes);
    block = nullptr;
}
}
}
int main()
{
    for (volatile int i = 0; i < 3; i = i + 1) {
        shop::inside::sell(100);
    }
}
END
    for compiler in g++ clang++; do
        needs "inlined in a namespace, by $compiler" "$compiler" || continue
        begin "functions inlined in a namespace, by $compiler"
        for how in -gdwarf-4 -gdwarf-5 -gsplit-dwarf; do
            what=$how
            $compiler -O2 -g $how -Wl,--no-as-needed -o space space.cc || wrong "not built"
            run check ./space
            expect_stack "void shop::lose<long>(long) at space.cc:6" \
                "shop::inside::sell(long) at space.cc:11" "main at space.cc:19"
        done
        end
    done

    cat >one.c <<'END'
void lose(int bytes);
static inline __attribute__((always_inline)) void lose_more(int bytes)
{
    lose(2 * bytes);
}
int main(void)
{
    for (volatile int i = 0; i < 3; i++) {
        lose_more(50);
    }
}
END
    sed 's/outer(void)/lose(int bytes)/; s/noinline/noipa/; s/^static \(.*lose\)/\1/
        /^int main/,$d' inlined.c >two.c
    begin "functions of several units"
    for how in -O2 "-O2 -flto"; do
        what=$how
        # shellcheck disable=SC2086
        gcc -g $how -o units one.c two.c || wrong "not built"
        run check ./units
        expect_stack "inner at two.c:6" "middle at two.c:12" "lose at two.c:18" \
            "lose_more at one.c:4" "main at one.c:9"
    done
    end

    {
        echo 'static volatile int sink;'
        echo 'static inline __attribute__((always_inline)) void none(void) {'
        printf 'sink += %s;\n' {1..4000}
        echo '} void left_out(void) { none(); }'
        cat inlined.c
    } >many.c
    begin "functions that the linker left out are not taken for others"
    gcc -O2 -g -ffunction-sections -Wl,--gc-sections -o many many.c || wrong "not built"
    run check ./many
    expect err "    #2 outer at many.c:[0-9]*"
    expect_none none
    end

    begin "debug information in a file beside the program"
    gcc -O2 -g -Wl,--build-id=none -o linked inlined.c || wrong "not built"
    objcopy --only-keep-debug linked linked.debug || wrong "no objcopy"
    objcopy --strip-all --add-gnu-debuglink=linked.debug linked || wrong "no objcopy"
    mkdir .debug
    run check "$scratch/linked"
    expect_inlined
    mv linked.debug .debug
    run check "$scratch/linked"
    expect_inlined
    what="of another build"
    printf x >>.debug/linked.debug
    run check "$scratch/linked"
    expect err "    #0 (linked+0x[0-9a-f]*)"
    end
    cd "$OLDPWD" || exit 1

    long=$(printf 'a%.0s' {1..600})
    cat >"$scratch/names.cc" <<END
#include <cstdlib>
static void *volatile block;
namespace shop {
template <class T> __attribute__((noinline)) void lose(T bytes) { block = malloc(bytes); }
}
__attribute__((noinline)) void $long() { shop::lose<long>(100); }
int main()
{
    for (int i = 0; i < 3; i++) {
        $long();
    }
    block = nullptr;
}
END
    begin "C++ names as in the source, and lines behind long ones"
    g++ -g -O0 -Wl,--no-as-needed -o "$scratch/names" "$scratch/names.cc" ||
        wrong "not built"
    run check "$scratch/names"
    expect_line 3 "    #0 void shop::lose<long>(long) at names.cc:4"
    expect err "    #1 a*\.\.\. at names.cc:6"
    for known in 'shop::lose<' _ZN4shop; do
        printf '%s\n' "$known" >"$scratch/known"
        run "check,exitcode=9,suppress=$scratch/known" "$scratch/names"
        expect_status 0
    done
    end

    begin "files and lines of a program without .debug_aranges, as clang makes them"
    objcopy --remove-section .debug_aranges "$leaks/orders" "$scratch/no_aranges" ||
        wrong "no objcopy"
    run check "$scratch/no_aranges"
    expect_line 3 "    #0 order_new at orders.c:30"
    expect err "    #1 process at orders.c:52"
    end
fi

# A libdw that writes down what it is asked, in the place of the real one.
cat >"$scratch/libdw.c" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
void *dwfl_begin(void *callbacks) { return callbacks; }
int dwfl_linux_proc_report(void *dwfl, int pid) { return dwfl == NULL && pid == 0; }
int dwfl_report_end(void *dwfl, void *removed, void *argument)
{
    return dwfl == removed && argument == NULL;
}
void *dwfl_addrmodule(void *dwfl, unsigned long address) { return address ? dwfl : NULL; }
const char *dwfl_module_addrname(void *module, unsigned long address)
{
    char line[32];
    const int length = snprintf(line, sizeof line, "%lx\n", address);
    const int file = open(getenv("ASKED"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const char *const name = module && write(file, line, length) == length ? "fun" : NULL;
    close(file);
    return name;
}
void *dwfl_module_getsrc(void *module, unsigned long address)
{
    return address ? NULL : module;
}
const char *dwfl_lineinfo(void) { return NULL; }
void *dwfl_module_nextcu(void) { return NULL; }
int dwarf_haspc(void) { return 0; }
void *dwfl_module_addrdie(void) { return NULL; }
int dwarf_cu_info(void) { return -1; }
int dwarf_getsrcfiles(void) { return -1; }
const char *dwarf_filesrc(void) { return NULL; }
long dwarf_ranges(void) { return -1; }
int dwarf_child(void) { return -1; }
int dwarf_siblingof(void) { return -1; }
int dwarf_tag(void) { return -1; }
const char *dwarf_diename(void) { return NULL; }
void *dwarf_attr_integrate(void) { return NULL; }
const char *dwarf_formstring(void) { return NULL; }
int dwarf_formudata(void) { return -1; }
void *dwarf_getsrc_die(void) { return NULL; }
const char *dwarf_linesrc(void) { return NULL; }
int dwarf_lineno(void) { return -1; }
void dwfl_linux_proc_find_elf(void) {}
void dwfl_build_id_find_debuginfo(void) {}
END
begin "libdw is asked for an address once"
mkdir "$scratch/libdw"
gcc -fPIC -shared -w -o "$scratch/libdw/libdw.so.1" "$scratch/libdw.c" || wrong "not built"
printf 'none of these\n' >"$scratch/known"
export LD_LIBRARY_PATH=$scratch/libdw ASKED=$scratch/asked
run "check,suppress=$scratch/known" "$leaks/orders"
unset LD_LIBRARY_PATH ASKED
expect err "    #2 fun (orders+0x.*)"
[ -s "$scratch/asked" ] || wrong "never asked"
[ -z "$(sort "$scratch/asked" | uniq -d)" ] || wrong "asked again: $(sort "$scratch/asked")"
end

cat >"$scratch/titled.c" <<'END'
#include <stdlib.h>
#include <string.h>
static void *volatile block;
int main(int count, char **arguments)
{
    for (int i = 0; i < 3; i++) {
        block = malloc(100);
    }
    block = NULL;
    memset(arguments[0], 'z', strlen(arguments[0]));
    return count > 1;
}
END
begin "a program that writes a title over its arguments keeps its name"
gcc -O0 -o "$scratch/titled" "$scratch/titled.c" || wrong "not built"
run check "$scratch/titled"
expect err "    #0 main (titled+0x.*)"
printf '%s\n' "$scratch/titled" >"$scratch/known"
run "check,exitcode=9,suppress=$scratch/known" "$scratch/titled"
expect_status 0
end

cat >"$scratch/four.c" <<'END'
#include <pthread.h>
#include <stdlib.h>
static pthread_barrier_t barrier;
static void *work(void *unused)
{
    char *volatile block = malloc(40);
    pthread_barrier_wait(&barrier);
    free(block);
    free(block);
    return unused;
}
int main(void)
{
    pthread_t threads[4];
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
END
begin "of four threads that free twice at once one tells"
gcc -w -g -O0 -o "$scratch/four" "$scratch/four.c" -pthread || wrong "not built"
for try in 1 2 3 4 5 6 7 8; do
    what="try $try"
    run check "$scratch/four"
    expect_status 134
    expect err "    #0 work at four.c:9"
    [ "$(grep -c '^snug: double free' "$scratch/err")" -eq 1 ] || wrong "told more than once"
done
end
plan
[ "$number" -gt 0 ]
