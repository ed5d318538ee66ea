#!/usr/bin/env bash
# Libraries loaded and unloaded over and over, each with a destructor for thread-local
# data that frees: with libsnug.so preloaded no block is lost, none freed twice.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
scratch=$(mktemp -d)
library=$(scripts/preload-path "${BUILD:-build}/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
archive=$(realpath "${BUILD:-build}/libsnug.a") header=$(realpath allocator)
cd "$scratch" || exit 1

cat >plugin.c <<'END'
#include <stdlib.h>
#include <string.h>
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;
static __thread char *kept[50];
static void *at_unload;
static void destroy(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++)
        free(kept[i]);
    free(malloc(100)); /* the cache may be gone */
}
int use(void)
{
    for (int i = 0; i < 50; i++) {
        kept[i] = malloc(10 + i * 97);
        memset(kept[i], 1, 10 + i * 97);
    }
    return __cxa_thread_atexit_impl(destroy, NULL, &__dso_handle);
}
static __attribute__((constructor)) void load(void) { at_unload = malloc(5000); }
static __attribute__((destructor)) void unload(void) { free(at_unload); }
END
cat >program.c <<'END'
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *cycle(void *unused)
{
    void *plugin = dlopen("./plugin.so", RTLD_NOW);
    int (*use)(void) = (int (*)(void))dlsym(plugin, "use");
    if (plugin == NULL || use == NULL || use() != 0 || dlclose(plugin) != 0)
        abort();
    return unused;
}
static size_t in_use(void)
{
    malloc_trim(0);
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}
int main(void)
{
    size_t first = 0;
    for (int i = 1; i <= 1000; i++) {
        pthread_t threads[2];
        for (int k = 0; k < 2; k++)
            if (pthread_create(&threads[k], NULL, cycle, NULL) != 0)
                abort();
        for (int k = 0; k < 2; k++)
            pthread_join(threads[k], NULL);
        if (i == 100)
            first = in_use();
    }
    size_t last = in_use();
    printf("in use %zu, then %zu bytes\n", first, last);
    return last > first + 4096;
}
END
if ! gcc -O1 -shared -fPIC -o plugin.so plugin.c 2>errors ||
    ! gcc -O1 -D_GNU_SOURCE -pthread -o program program.c -ldl 2>>errors; then
    sed 's/^/# /' errors
    exit 1
fi

# run NAME [VARIABLE=VALUE]
run()
{
    local name=$1
    shift
    if env "$@" LD_PRELOAD="$library" timeout 100 ./program >output 2>&1; then
        pass "$name"
    else
        fail "$name" "exit code $?
$(head -n 20 output)"
    fi
}

run "unloading at level 0" TZ=UTC
run "unloading at level check" SNUG_DEBUG=check,quarantine=0,leaks=0
run "unloading at level guard" SNUG_DEBUG=guard,quarantine=0
# A plugin with libsnug.a in it takes its fork handlers along.
cat >embedding.c <<'END'
#include "snug.h"
void use(void) { snug_free(snug_malloc(10)); }
END
cat >forking.c <<'END'
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    void *const plugin = dlopen("./embedding.so", RTLD_NOW);
    if (plugin == NULL)
        return 2;
    ((void (*)(void))dlsym(plugin, "use"))();
    int status = 1;
    if (dlclose(plugin) != 0)
        return 2;
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
END
name="a program forks after a plugin with libsnug.a has gone"
if ! gcc -w -fPIC -shared -I "$header" -o embedding.so embedding.c "$archive" ||
    ! gcc -w -o forking forking.c; then
    fail "$name" "does not compile"
elif text=$(./forking 2>&1); then
    pass "$name"
else
    fail "$name" "exit status $? $text"
fi
# A library that was linked with libsnug.so, and a program that was not: libc's malloc is
# the program's, and libc stands before libsnug.so.
cat >needs.c <<'END'
#include <dlfcn.h>
#include <stdlib.h>
void *snug_malloc(size_t);
void snug_free(void *);
int needs(void)
{
    void *block = snug_malloc(1000), *other = malloc(1000);
    free(other);
    snug_free(block);
    return block != NULL && dlopen(NULL, RTLD_NOW) != NULL;
}
END
cat >behind.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int needs(void);
int main(void)
{
    int status = 1;
    free(strdup("a text"));
    pid_t child = fork();
    if (child == 0)
        _exit(!needs());
    waitpid(child, &status, 0);
    return status != 0 || !needs();
}
END
needs_snug()
{
    gcc -w -fPIC -shared -o libneeds.so needs.c "$library" &&
        gcc -w -o behind behind.c -L. -lneeds -Wl,-rpath,. &&
        ./behind && SNUG_DEBUG=check ./behind
}
ok "a library needs libsnug.so, the program does not" needs_snug
plan
