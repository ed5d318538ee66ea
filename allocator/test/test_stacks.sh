#!/usr/bin/env bash
# Stacks, under a level: small ones, those of signals, and what reports show of them.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=$(realpath "${BUILD:-build}")
include=$PWD/allocator
scratch=$(mktemp -d)
library=$(scripts/preload-path "$build/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=allocator/test/level.sh
. "$(dirname "$0")/level.sh"
ulimit -c 0
cd "$scratch" || exit 1

cat >program.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile kept;

static void misuse(void)
{
    char *const block = malloc(40);
    free(block);
    free(block);
}

static void use_blocks(void)
{
    for (size_t i = 0; i < 10; i++) {
        char *volatile block = malloc(40 + 1000 * i);
        block = realloc(block, 100 + 20000 * i);
        free(block);
        kept = malloc(40);
    }
}

/* With so much of the stack in use. */
static __attribute__((noinline)) void use_deep(size_t bytes)
{
    volatile char room[bytes];
    room[0] = room[bytes - 1] = 1;
    use_blocks();
    room[0] = 2;
}

static const char *task;

static void *work(void *unused)
{
    use_deep(strcmp(task, "deep") == 0 ? 5 * 1024 : 16);
    if (strcmp(task, "exit") == 0) {
        exit(0);
    }
    if (strcmp(task, "misuse") == 0) {
        misuse();
    }
    if (strcmp(task, "info") == 0) {
        malloc_stats();
        malloc_info(0, stdout);
    }
    void (*const dump)(int) = dlsym(RTLD_DEFAULT, "snug_dump");
    size_t (*const leaks)(void) = dlsym(RTLD_DEFAULT, "snug_leaks");
    void (*const describe)(const void *) = dlsym(RTLD_DEFAULT, "snug_describe");
    if (strcmp(task, "look") == 0) {
        dump(2);
        leaks();
        describe(kept);
    }
    return unused;
}

static int small(size_t bytes)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, bytes) != 0 ||
        pthread_create(&thread, &attributes, work, NULL) != 0) {
        return 3;
    }
    pthread_join(thread, NULL);
    return 0;
}

static void on_segv(int unused)
{
    void (*const describe)(const void *) = dlsym(RTLD_DEFAULT, "snug_describe");
    (void)unused;
    describe(kept);
    misuse();
}

static int in_handler(void)
{
    static char memory[8192];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction action = {.sa_handler = on_segv, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    kept = malloc(50);
    raise(SIGSEGV);
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 1) {
        return in_handler();
    }
    task = arguments[2];
    return small((size_t)atol(arguments[1]));
}
END
if ! gcc -g -O0 -fno-builtin -std=gnu17 -o program program.c -lpthread 2>err; then
    fail "the program of these tests is compiled" "$(cat err)"
    plan
    exit 1
fi

begin "threads of 16 KiB allocate, look, report and exit"
for level in off check guard,leaks=1; do
    for bytes in 16384 65536; do
        for task in exit misuse info look; do
            what="$level $bytes $task"
            run "$level" ./program "$bytes" "$task"
            [ "$task" = misuse ] && expect_status 134
            [ "$task" != misuse ] && expect_status 0
        done
        what="$level $bytes deep"
        run "$level" ./program "$bytes" deep
        expect_status 0
    done
done
what="check exit"
run check ./program 16384 exit
expect err "snug: leaks: [34][0-9]* bytes in [0-9]* blocks"
end

begin "reports on a signal's stack of 8 KiB"
for level in check guard; do
    what=$level
    run "$level" ./program
    expect_status 134
    expect err "snug: this is 0 bytes into the block of 50 bytes at 0x[0-9a-f]*"
    expect err "snug: double free of 0x[0-9a-f]*, 40 bytes"
done
end

cat >names.c <<'END'
#include <stdlib.h>
#ifdef LINKED
#include "snug.h"
#define malloc snug_malloc
#define calloc snug_calloc
#define realloc snug_realloc
#define aligned_alloc snug_aligned_alloc
#define free snug_free
#endif
#define APART __attribute__((noinline))
static void *volatile kept;
static APART void move(void) { kept = malloc(101); }
static APART void free_block(void) { kept = calloc(1, 102); }
static APART void take_shared(void) { kept = realloc(NULL, 103); }
static APART void debug_mine(void) { kept = aligned_alloc(64, 128); }
static APART void snug_mine(void) { kept = realloc(malloc(5), 200000); }
static APART void allocate_medium(void) { kept = malloc(5000); }
static APART void allocate_small(void) { kept = malloc(0); }
static APART void debug_twice(void *block)
{
    free(block);
    free(block);
}
int main(int count, char **arguments)
{
#ifdef LINKED
    snug_debug(arguments[1]);
#endif
    move();
    free_block();
    take_shared();
    debug_mine();
    snug_mine();
    allocate_medium();
    allocate_small();
    kept = NULL;
    if (count > 2) {
        debug_twice(malloc(8));
    }
    return (int)(arguments == NULL);
}
END
gcc -g -O0 -fno-builtin -o names names.c
run check ./names check
if needs "the program's functions are shown" libdw.so.1; then
    begin "the program's functions are shown, whatever their names, and none of ours"
    for how in preloaded "linked" "linked -no-pie" "linked -O2 -fno-optimize-sibling-calls"; do
        # shellcheck disable=SC2086
        [ "$how" = preloaded ] || gcc -g -O0 ${how#linked} -fno-builtin -DLINKED -I"$include" \
            -o linked names.c "$build/libsnug.a" || wrong "not linked"
        for level in check guard,leaks=1; do
            what="$how $level"
            [ "$how" = preloaded ] && run "$level" ./names "$level"
            [ "$how" = preloaded ] || ./linked "$level" 2>err
            for function in move free_block take_shared debug_mine snug_mine allocate_medium \
                allocate_small; do
                expect err "    #0 $function at names.c:[0-9]*"
            done
            [ "$(grep -c '#1 main at names.c' err)" -eq 7 ] || wrong "$(cat err)"
            [ "$how" = preloaded ] && run "$level" ./names "$level" twice
            [ "$how" = preloaded ] || { ./linked "$level" twice 2>err; } 2>/dev/null
            [ "$(grep -c '#0 debug_twice at names.c' err)" -eq 2 ] || wrong "$(cat err)"
        done
    done
    end
fi
plan
[ "$number" -gt 0 ]
