#!/usr/bin/env bash
# The debug levels as their user sees them: preloaded into the leaking programs of leaks/,
# with every option; the log replayed by snugbench; the commands of snug.gdb under gdb.
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

begin "leaks of an error path, those that only lost blocks lead to apart"
run check "$leaks/orders"
expect_status 0
expect_line 1 "snug: leaks: 18400 bytes in 400 blocks"
expect err "  6400 bytes in 100 blocks lost.*"
expect err "  12000 bytes in 300 blocks to which only lost blocks lead.*"
[ "$(cat "$scratch/out")" = "100 orders refused" ] || wrong "the program's own output"
end

begin "leaks of a growing table, what is reachable left out"
run check "$leaks/cache"
expect_line 1 "snug: leaks: 316256 bytes in 3007 blocks"
expect err "  100000 bytes in 1000 blocks lost.*"
expect err "  16256 bytes in 7 blocks lost.*"
end

begin "leaks of eight threads, most bytes first"
run check "$leaks/threads"
# An old pointer on the stack of a thread that has ended may hide one of each.
expect_line 2 "$(grep -E '(2400000 bytes in 8|2100000 bytes in 7) blocks lost' "$scratch/err")"
expect err "snug: leaks: \(2481920 bytes in 328\|2481664 bytes in 327\|2181920 bytes in 327\|2181664 bytes in 326\) blocks"
expect err "  \(81920 bytes in 320\|81664 bytes in 319\) blocks lost.*"
end

if needs "stacks with names" libdw.so.1; then
    begin "stacks name functions, files and lines, none of the allocator's"
    run check "$leaks/orders"
    expect_line 3 "    #0 order_new at orders.c:30"
    expect err "    #1 process at orders.c:52"
    expect_none "malloc\.c\|debug"
    end

    begin "depth=1 keeps fewer frames"
    run check,depth=1 "$leaks/orders"
    expect_none "main at orders.c"
    end

    begin "suppress=FILE: by function and by file of the program"
    printf '# known\n\nline_new\n' >"$scratch/known"
    run "check,suppress=$scratch/known" "$leaks/orders"
    expect_line 1 "snug: leaks: 6400 bytes in 100 blocks; suppressed: 12000 bytes in 300 blocks"
    printf 'leak:orders\n' >"$scratch/known"
    run "check,exitcode=9,suppress=$scratch/known" "$leaks/orders"
    expect_status 0
    [ ! -s "$scratch/err" ] || wrong "not silent: $(cat "$scratch/err")"
    end
fi

begin "exitcode=N if blocks leaked, with the program's output"
run check,exitcode=23 "$leaks/orders"
expect_status 23
[ "$(cat "$scratch/out")" = "100 orders refused" ] || wrong "output lost"
run check,exitcode=23 true
expect_status 0
[ ! -s "$scratch/err" ] || wrong "true leaks: $(cat "$scratch/err")"
end

cat >"$scratch/quick.c" <<'END'
#include <stdlib.h>
static char *volatile block;
int main(int count, char **arguments)
{
    block = malloc(40);
    block[arguments[1][0] == 'b' ? 40 : 39] = 1;
    for (int i = 0; i < 3; i++) {
        block = malloc(100);
    }
    block = NULL;
    quick_exit(count != 2);
}
END
begin "quick_exit is an end, too"
gcc -O0 -o "$scratch/quick" "$scratch/quick.c" 2>"$scratch/err" || wrong "not built"
run check,exitcode=9 "$scratch/quick" leak
expect_status 9
run check "$scratch/quick" behind
expect_status 134
end

begin "leaks=0 says nothing, at guard it is the default"
run check,leaks=0,exitcode=23 "$leaks/orders"
expect_status 0
[ ! -s "$scratch/err" ] || wrong "not silent: $(cat "$scratch/err")"
run guard "$leaks/orders"
expect_status 0
[ ! -s "$scratch/err" ] || wrong "not silent: $(cat "$scratch/err")"
run guard,leaks=1 "$leaks/orders"
expect_line 1 "snug: leaks: 18400 bytes in 400 blocks"
end

begin "what is not understood is said, and the rest still holds"
run check,colour=red,exitcode=3 "$leaks/orders"
expect_line 1 "snug: SNUG_DEBUG: not understood, see snug.h: colour=red"
expect_status 3
run verbose true
expect_line 1 "snug: SNUG_DEBUG: not understood, see snug.h: verbose"
run check,exitcode=256 true
expect_line 1 "snug: SNUG_DEBUG: not understood, see snug.h: exitcode=256"
run "check,log=$scratch/none/file" "$leaks/orders"
expect_line 1 "snug: SNUG_DEBUG: no log, cannot write $scratch/none/file"
end

cat >"$scratch/overrun.c" <<'END'
#include <stdlib.h>
#include <unistd.h>
static char *volatile block;
static char *volatile others[5];
int main(int count, char **arguments)
{
    block = malloc(45);
    if (count > 2) {
        free(block);
    }
    block[arguments[1][0] == 'b' ? 45 : -1] = 1;
    for (int i = 0; i < 5; i++) {
        others[i] = malloc(10);
    }
    return write(1, "still here\n", 11) < 0;
}
END
cat >"$scratch/plugin.c" <<'END'
#include <stdlib.h>
static void *volatile lost;
void lose(void)
{
    lost = malloc(100);
    lost = malloc(200);
    lost = NULL;
}
END
cat >"$scratch/unloading.c" <<'END'
#include <dlfcn.h>
int main(int count, char **arguments)
{
    void *plugin = dlopen(arguments[count - 1], RTLD_NOW);
    void (*lose)(void) = (void (*)(void))dlsym(plugin, "lose");
    lose();
    return dlclose(plugin);
}
END
begin "code of a library that was unloaded has an address, at least"
if gcc -shared -fPIC -o "$scratch/plugin.so" "$scratch/plugin.c" 2>"$scratch/err" &&
    gcc -o "$scratch/unloading" "$scratch/unloading.c" 2>"$scratch/err"; then
    run check "$scratch/unloading" "$scratch/plugin.so"
    [ "$(grep -cx '    #0 (0x[0-9a-f]\{8,\})' "$scratch/err")" -ge 1 ] ||
        wrong "$(cat "$scratch/err")"
    expect_none '?'
else
    failed="$(cat "$scratch/err")"
fi
end

if needs "a library that libdw needs, too, has its name" libdw.so.1; then
    cat >"$scratch/shared.c" <<'END'
#include <dlfcn.h>
#include <stdlib.h>
int main(void)
{
    void *volatile lost = malloc(100); /* for the first report, which loads libdw */
    lost = malloc(200);
    lost = NULL;
    ((size_t(*)(void))dlsym(RTLD_DEFAULT, "snug_leaks"))();
    void *const elf = dlopen("libelf.so.1", RTLD_NOW);
    static char image[64];
    ((unsigned (*)(unsigned))dlsym(elf, "elf_version"))(1);
    for (int i = 0; i < 2; i++) {
        lost = ((void *(*)(char *, size_t))dlsym(elf, "elf_memory"))(image, 64);
    }
    lost = NULL;
    return 0;
}
END
    begin "a library that libdw needs, too, has its name"
    if gcc -o "$scratch/shared" "$scratch/shared.c" 2>"$scratch/err"; then
        run check "$scratch/shared"
        grep -q 'libelf\|elf_memory' "$scratch/err" || wrong "$(cat "$scratch/err")"
    else
        failed="$(cat "$scratch/err")"
    fi
    end
fi

cat >"$scratch/sealed.c" <<'END'
#include <stdlib.h>
#include <sys/mman.h>
int main(void)
{
    void **table = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 512; i++) {
        table[i] = malloc(100);
    }
    return mprotect(table, 4096, PROT_READ);
}
END
begin "blocks that only memory made read-only leads to are no leaks"
gcc -O0 -o "$scratch/sealed" "$scratch/sealed.c" 2>"$scratch/err" || wrong "not built"
run check,exitcode=9 "$scratch/sealed"
expect_status 0
end

cat >"$scratch/first.c" <<'END'
#include <pthread.h>
#include <stdlib.h>
static pthread_t first;
static void *volatile block;
static void *work(void *unused)
{
    pthread_join(first, NULL);
    for (int i = 0; i < 100; i++) {
        block = malloc(100);
    }
    exit(0);
    return unused;
}
int main(void)
{
    pthread_t other;
    first = pthread_self();
    pthread_create(&other, NULL, work, NULL);
    pthread_exit(NULL);
}
END
begin "a process whose first thread has ended is searched for leaks, too"
if gcc -g -pthread -o "$scratch/first" "$scratch/first.c" 2>"$scratch/err"; then
    run check "$scratch/first"
    expect err "  9[0-9]00 bytes in 9[0-9] blocks lost.*"
    expect_none 'never freed'
    [ -n "$(lacks libdw.so.1)" ] || expect err "    #0 work at first.c:9"
else
    failed="$(cat "$scratch/err")"
fi
end

cat >"$scratch/twice.c" <<'END'
#include <stdlib.h>
int main(int count, char **arguments)
{
    char *volatile block = malloc(40);
    char *volatile behind = malloc(40);
    free(block);
    for (int i = 0; i < 1000; i++) {
        char *volatile other = malloc(5000);
        free(other);
    }
    switch (arguments[1][0]) {
    case 'f':
        free(block);
        break;
    case 'r':
        block = realloc(block, 80);
        break;
    default: /* never used */
        free(block + (16 << 20));
    }
    return behind == NULL || count == 0;
}
END
begin "a second free of what has left the quarantine is told from one of anything"
gcc -O0 -g -fno-builtin -o "$scratch/twice" "$scratch/twice.c" || wrong "not built"
lead="  it points into free memory: a block freed before, perhaps"
for task in free realloc; do
    run check "$scratch/twice" $task
    expect_status 134
    expect err "snug: $task of a pointer that is no block: 0x[0-9a-f]*"
    expect_line 2 "$lead; quarantine=64M would tell"
    run check,quarantine=64M "$scratch/twice" $task
    expect err "snug: .*free.* 0x[0-9a-f]*, 40 bytes"
done
run check "$scratch/twice" never
expect_line 2 "  noticed here:"
end

begin "check=N notices damage within N calls, check only at the end"
if gcc -g -O0 -o "$scratch/overrun" "$scratch/overrun.c" 2>"$scratch/err"; then
    run check "$scratch/overrun" behind
    expect_status 134
    expect err "snug: write behind 0x[0-9a-f]*, 45 bytes"
    expect err "  the first byte changed is 0 bytes behind the end of the block of 45 bytes at 0x[0-9a-f]*"
    [ "$(cat "$scratch/out")" = "still here" ] || wrong "noticed too early"
    run check=3 "$scratch/overrun" early
    expect_status 134
    expect err "snug: write before 0x[0-9a-f]*, 45 bytes"
    expect err "  the first byte changed is 1 bytes before the block of 45 bytes at 0x[0-9a-f]*"
    [ ! -s "$scratch/out" ] || wrong "noticed too late"
else
    failed="$(cat "$scratch/err")"
fi
end

begin "log=FILE: a recording that snugbench replays"
run "check,leaks=0,log=$scratch/orders.rep" "$leaks/orders"
expect_status 0
operations=$(grep -c '^[acmrfs] ' "$scratch/orders.rep")
[ "$operations" -ge 7600 ] || wrong "$operations operations, not 7600 and more"
[ "$(grep -cx 'a [0-9]* 40' "$scratch/orders.rep")" -ge 3000 ] || wrong "no 3000 lines"
"$build/snugbench" stat "$scratch/orders.rep" >"$scratch/out" 2>"$scratch/err" ||
    wrong "stat: $(cat "$scratch/err")"
"$build/snugbench" replay -r 1 --passes verify -a glibc -a snug "$scratch/orders.rep" >"$scratch/out" 2>"$scratch/err" ||
    wrong "replay: $(cat "$scratch/err")"
grep -q 'orders' "$scratch/out" || wrong "replay printed $(cat "$scratch/out" "$scratch/err")"
run "check,leaks=0,log=$scratch/shell.rep" bash -c "'$leaks/orders'; '$leaks/orders'; :"
expect err "snug: SNUG_DEBUG: another process's log, cannot write $scratch/shell.rep"
"$build/snugbench" stat "$scratch/shell.rep" >"$scratch/out" 2>"$scratch/err" ||
    wrong "stat of the log of a shell: $(cat "$scratch/err")"
run "check,leaks=0,log=$scratch/threads.rep" "$leaks/threads"
"$build/snugbench" stat "$scratch/threads.rep" >"$scratch/out" 2>"$scratch/err" ||
    wrong "stat: $(cat "$scratch/err")"
end

# gdb_run FILE PROGRAM: the commands of FILE in a batch, at level check.
gdb_run()
{
    timeout 60 gdb -q -batch -nx -x allocator/snug.gdb \
        -ex "set startup-with-shell off" -ex "set environment LD_PRELOAD $library" \
        -ex "set environment SNUG_DEBUG ${3:-check}" -x "$1" "$2" >"$scratch/err" 2>&1
}

if needs "gdb: a block's story from a pointer" gdb-calls; then
    begin "gdb: a block's story from a pointer, in use and freed"
    printf '%s\n' "break 45 if order->number == 56" "run" "snug-block order" "snug-block \$sp" \
        "set var \$line = line" "next" "next" "snug-block \$line" \
        "snug-leaks" "snug-map 0" >"$scratch/commands"
    gdb_run "$scratch/commands" "$leaks/orders"
    expect err "snug: this is 0 bytes into the block of 64 bytes at 0x[0-9a-f]*"
    expect err "snug: this is 0 bytes into the freed block of 40 bytes at 0x[0-9a-f]*"
    expect err "snug: no block of snug's is at 0x[0-9a-f]*"
    expect err "snug: in use  .*"
    expect err "snug: leaks: 1104 bytes in 24 blocks"
    gdb_run "$scratch/commands" "$leaks/orders" off
    expect err "    0x[0-9a-f]* object of 48 bytes, .*"
    expect err "    of the run at 0x[0-9a-f]*"
    expect err "snug: .* points into no block of snug's"
    expect err "snug: in use, by size, since SNUG_DEBUG is off: .*"
    end

    begin "gdb: a thread stopped with the lock held is no deadlock"
    printf '%s\n' "tbreak work" "run" "break heap_allocate" "continue" \
        "set scheduler-locking on" "snug-map 1" "echo still here\\n" >"$scratch/commands"
    gdb_run "$scratch/commands" "$leaks/threads" off
    expect err "snug: a thread is inside the allocator and has its lock; .*"
    expect err "still here"
    end
fi
plan
[ "$number" -gt 0 ]
