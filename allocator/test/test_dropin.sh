#!/usr/bin/env bash
# libsnug.so stands in for libc's malloc whole: every name that libc has for a call of
# malloc's family, plugins that ask for libc's own symbols first, and dlopen instead of
# LD_PRELOAD, in a process that runs already.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
scratch=$(mktemp -d)
library=$(scripts/preload-path "${BUILD:-build}/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

compile()
{
    gcc -O1 -fno-builtin -w -D_GNU_SOURCE -pthread "$@"
}

preloaded()
{
    env LD_PRELOAD="$library" "$@"
}

cat >names.c <<'END'
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *__libc_valloc(size_t);
void *__libc_pvalloc(size_t);
void __libc_free(void *);
int __libc_mallopt(int, int);
struct mallinfo __libc_mallinfo(void);
static void *blocks[8];
static void look(size_t bytes)
{
    for (int i = 0; i < 8; i++) {
        if (blocks[i] == NULL || malloc_usable_size(blocks[i]) < bytes)
            abort();
        memset(blocks[i], i, bytes);
    }
}
static void fill(size_t bytes)
{
    blocks[0] = __libc_malloc(bytes);
    blocks[1] = __libc_calloc(1, bytes);
    blocks[2] = __libc_realloc(malloc(10), bytes);
    blocks[3] = realloc(__libc_malloc(10), bytes);
    blocks[4] = __libc_memalign(64, bytes);
    blocks[5] = __libc_valloc(bytes);
    blocks[6] = __libc_pvalloc(bytes);
    blocks[7] = malloc(bytes);
    look(bytes);
}
int main(void)
{
    for (size_t bytes = 1; bytes < 1000000; bytes = bytes * 3 + 20) {
        fill(bytes);
        for (int i = 0; i < 8; i++)
            (i % 2 ? __libc_free : free)(blocks[i]);
    }
    if (__libc_mallopt(M_ARENA_MAX, 1) != 1 || __libc_mallopt(M_MXFAST, 1000) != 0)
        return 1;
    fill(5000);
    fill(50000);
    struct mallinfo2 now = mallinfo2();
    struct mallinfo old = mallinfo(), oldest = __libc_mallinfo();
    return old.arena != (int)now.arena || old.uordblks != (int)now.uordblks ||
           old.fordblks != (int)now.fordblks || old.keepcost != (int)now.keepcost ||
           old.uordblks < 8 * 55000 || memcmp(&old, &oldest, sizeof old) != 0;
}
END

# Every function by which libc lets others reach its heap is one of ours. The ending: its
# version; a name of glibc's own libraries alone is GLIBC_PRIVATE.
same_names()
{
    local libc missing
    libc=$(gcc -print-file-name=libc.so.6)
    readelf --dyn-syms -W "$libc" | awk '$4 == "FUNC" && $7 != "UND" { print $8 }' |
        grep -v PRIVATE | sed 's/@.*//' | sort -u |
        grep -xE '(__libc_|__)?(malloc|calloc|realloc|reallocarray|free|cfree|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|mallopt|mallinfo2?|malloc_(usable_size|trim|stats|info|get_state|set_state))' >wanted
    readelf --dyn-syms -W "$library" | awk '$7 != "UND" { print $8 }' | sort -u >ours
    missing=$(comm -23 wanted ours)
    echo "missing: $missing"
    [ "$(wc -l <wanted)" -ge 24 ] && [ -z "$missing" ]
}

cat >own.c <<'END'
#include <stdlib.h>
#include <string.h>
static char pool[100000];
static size_t used;
void *malloc(size_t bytes)
{
    char *block = pool + used + 16;
    used += 16 + (bytes + 15) / 16 * 16;
    memcpy(block - 8, &bytes, sizeof bytes);
    return block;
}
void *calloc(size_t count, size_t bytes) { return malloc(count * bytes); }
void free(void *block)
{
    if (block != NULL && ((char *)block < pool || (char *)block >= pool + used))
        abort();
}
void *realloc(void *block, size_t bytes)
{
    size_t old = 0;
    if (block != NULL)
        memcpy(&old, (char *)block - 8, sizeof old);
    return memcpy(malloc(bytes), block != NULL ? block : pool, old < bytes ? old : bytes);
}
int main(void)
{
    char *block = reallocarray(malloc(10), 10, 10);
    free(block);
    free(reallocarray(NULL, 20, 20));
    return reallocarray(block, (size_t)-1, 2) != NULL;
}
END
# Another allocator that the program is linked with, and has this name, too.
cat >other.c <<'END'
#include <stdlib.h>
void *reallocarray(void *block, size_t count, size_t bytes) { abort(); }
END
cat >array.c <<'END'
#include <stdlib.h>
int main(void)
{
    free(reallocarray(malloc(10), 10, 10));
    return reallocarray(NULL, (size_t)-1, 2) != NULL;
}
END
cat >plugin.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
char *from_plugin(size_t bytes) { return malloc(bytes); }
char *from_libc(const char *text) { return strdup(text); }
void free_here(char *block) { free(block); }
char *grow_here(char *block, size_t bytes) { return realloc(block, bytes); }
int all_here(void)
{
    char *line = NULL, *text = NULL;
    size_t room = 0;
    FILE *file = fopen("/proc/self/status", "r");
    int good = file != NULL && getline(&line, &room, file) > 0 &&
               asprintf(&text, "%s", line) > 0 && strcmp(line, text) == 0;
    free(line);
    free(text);
    free(realpath("/tmp", NULL));
    return good && fclose(file) == 0;
}
static char *at_load;
static __attribute__((constructor)) void load(void) { free(strdup("x")); at_load = strdup("y"); }
static __attribute__((destructor)) void unload(void) { free(at_load); }
END
cat >host.c <<'END'
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **names)
{
    for (int round = 0; round < 3; round++) {
        void *plugin = dlopen(names[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
        if (plugin == NULL) {
            puts(dlerror());
            return 1;
        }
        char *(*from_plugin)(size_t) = dlsym(plugin, "from_plugin");
        char *(*from_libc)(const char *) = dlsym(plugin, "from_libc");
        void (*free_here)(char *) = dlsym(plugin, "free_here");
        char *(*grow_here)(char *, size_t) = dlsym(plugin, "grow_here");
        int (*all_here)(void) = dlsym(plugin, "all_here");
        for (size_t bytes = 1; bytes < 3000000; bytes = bytes * 5 + 3) {
            free(realloc(from_plugin(bytes), bytes + 1));
            free_here(malloc(bytes));
            free_here(realloc(grow_here(calloc(1, bytes), 2 * bytes), bytes));
            if (malloc_usable_size(from_plugin(bytes)) < bytes)
                return 2;
        }
        free(from_libc("a text"));
        free_here(strdup("another"));
        if (!all_here() || dlclose(plugin) != 0)
            return 3;
    }
    return dlopen("no such file", RTLD_NOW | RTLD_DEEPBIND) != NULL || dlerror() == NULL ||
           dlopen(NULL, RTLD_NOW) == NULL;
}
END

# A plugin that only the RUNPATH of its caller finds, the program or a library.
cat >opener.c <<'END'
#include <dlfcn.h>
void *open_it(const char *name) { return dlopen(name, RTLD_NOW | RTLD_DEEPBIND); }
END
cat >finder.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
extern void *open_it(const char *);
int main(void)
{
    void *by_program = dlopen("libfar.so", RTLD_NOW | RTLD_DEEPBIND);
    void *by_library = open_it("libfarther.so");
    if (by_program == NULL || by_library == NULL)
        puts(dlerror());
    return by_program == NULL || by_library == NULL ||
           dlopen("libfarther.so", RTLD_NOW) != by_library ||
           dlsym(by_program, "from_libc") == NULL;
}
END

# dlopen in the middle of a program's life; another library has taken thread-local
# memory of what libc keeps for such already.
cat >hungry.c <<'END'
static __thread char taken[600] __attribute__((tls_model("initial-exec")));
char *hungry(void) { return taken; }
END
cat >opens.c <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *(*allocate)(size_t);
static void (*release)(void *);
static pthread_barrier_t barrier;
static void use(void)
{
    static __thread char *blocks[3000];
    for (size_t bytes = 1; bytes < 40000; bytes = bytes * 3 + 7) {
        for (int i = 0; i < 3000; i++) {
            blocks[i] = allocate(bytes);
            memset(blocks[i], i, bytes < 100 ? bytes : 100);
        }
        for (int i = 0; i < 3000; i++)
            if (blocks[i][0] != (char)i)
                abort();
            else
                release(blocks[i]);
    }
}
static void *live(void *early)
{
    if (early) {
        pthread_barrier_wait(&barrier); /* the library is opened between */
        pthread_barrier_wait(&barrier);
    }
    use();
    pthread_barrier_wait(&barrier); /* and closed between */
    pthread_barrier_wait(&barrier);
    use();
    return NULL;
}
int main(int count, char **names)
{
    pthread_t threads[4];
    free(malloc(100));
    if (names[2] != NULL && dlopen(names[2], RTLD_NOW) == NULL)
        return 2;
    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, live, "early");
    pthread_barrier_wait(&barrier);
    void *library = dlopen(names[1], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) {
        puts(dlerror());
        return 1;
    }
    allocate = dlsym(library, "malloc");
    release = dlsym(library, "free");
    if (allocate == malloc)
        return 3;
    use();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    if (dlclose(library) != 0)
        return 4;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    const char *(*check)(void) = dlsym(library, "snug_check_heap");
    if (check() != NULL)
        puts(check());
    return check() != NULL;
}
END

# Forks while other threads have a lock in the middle of a call of malloc: of a library
# whose constructor comes before snug's, and of stdio, which fork itself asks for.
cat >locks.c <<'END'
#include <pthread.h>
#include <stdlib.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void lock(void)
{
    pthread_mutex_lock(&mutex);
}
static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}
static __attribute__((constructor)) void watch(void)
{
    pthread_atfork(lock, unlock, unlock);
}
void work(void)
{
    lock();
    free(malloc(250000));
    unlock();
}
END
cat >forks.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
void work(void);
static FILE *lines;
static void *works(void *unused)
{
    for (;;) {
        work();
    }
}
static void *reads(void *unused)
{
    for (;;) {
        char *line = NULL;
        size_t bytes = 0;
        rewind(lines);
        while (getline(&line, &bytes, lines) > 0) {
            free(line);
            line = NULL;
            bytes = 0;
        }
        free(line);
    }
}
static void *flushes(void *unused)
{
    for (;;) {
        fflush(NULL);
    }
}
int main(int count, char **arguments)
{
    static void *(*const readers[])(void *) = {reads, flushes, works};
    static void *(*const workers[])(void *) = {works, works, works};
    const int with_stdio = strcmp(arguments[1], "stdio") == 0;
    alarm(120);
    lines = tmpfile();
    for (int i = 0; i < 100; i++) {
        fprintf(lines, "%0*d\n", i % 3 == 0 ? 150000 : 20000, i);
    }
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, (with_stdio ? readers : workers)[i], NULL);
    }
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        if (child == 0) {
            work();
            fflush(NULL);
            _exit(0);
        }
        int status = -1;
        if (child == -1 || waitpid(child, &status, 0) != child || status != 0)
            return 1;
    }
    _exit(0);
}
END

# A real program whose plugins bring libraries with them.
python_modules()
{
    PYTHONMALLOC=malloc preloaded python3 -c '
import os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
import bz2, ctypes, curses, decimal, json, lzma, readline, sqlite3, ssl, zlib
assert lzma.decompress(lzma.compress(b"x" * 100000)) == b"x" * 100000
assert sqlite3.connect(":memory:").execute("select 1").fetchall() == [(1,)]
ssl.create_default_context()'
}

mkdir -p far farther &&
    compile -o names names.c &&
    compile -o own own.c &&
    compile -shared -fPIC -o libother.so other.c &&
    compile -o array array.c -Wl,--no-as-needed -L. -lother -Wl,-rpath,. &&
    compile -shared -fPIC -o plugin.so plugin.c &&
    compile -o host host.c -ldl &&
    compile -shared -fPIC -o far/libfar.so plugin.c &&
    compile -shared -fPIC -o farther/libfarther.so plugin.c &&
    compile -shared -fPIC -Wl,--enable-new-dtags,-rpath,'$ORIGIN/farther' -o libopener.so opener.c -ldl &&
    compile -Wl,--enable-new-dtags,-rpath,'$ORIGIN:$ORIGIN/far' -o finder finder.c -L. -lopener -ldl &&
    compile -shared -fPIC -o hungry.so hungry.c &&
    compile -o opens opens.c -ldl &&
    compile -shared -fPIC -o liblocks.so locks.c &&
    compile -Wl,-rpath,'$ORIGIN' -o forks forks.c -L. -llocks || exit 1

ok "libc's names for its heap are ours" same_names
ok "blocks go between libc's names" preloaded ./names
ok "the same at level check" preloaded env SNUG_DEBUG=check,leaks=0 ./names
ok "reallocarray of a program with its own malloc, without snug" ./own
ok "it is the program's with snug" preloaded ./own
ok "it is not that of another allocator" preloaded ./array
ok "a plugin with RTLD_DEEPBIND, without snug" ./host ./plugin.so
ok "blocks go between program and plugin with RTLD_DEEPBIND" preloaded ./host ./plugin.so
ok "the same at level check" preloaded env SNUG_DEBUG=check,leaks=0 ./host ./plugin.so
ok "the same at level guard" preloaded env SNUG_DEBUG=guard ./host ./plugin.so
if python3 -c 'import lzma, readline, sqlite3, ssl' 2>/dev/null; then
    ok "python's modules with RTLD_DEEPBIND" python_modules
else
    skip "python's modules" "python3 or some of its modules are missing"
fi
ok "a caller's RUNPATH, without snug" ./finder
ok "the caller's RUNPATH holds with snug" preloaded ./finder
ok "opened by dlopen while threads run" ./opens "$library"
ok "the same with little thread-local memory left" ./opens "$library" ./hungry.so
ok "the same at level check" env SNUG_DEBUG=check,leaks=0 ./opens "$library"
ok "forks while a library has its lock" preloaded ./forks library
ok "the same at level check" preloaded env SNUG_DEBUG=check,leaks=0 ./forks library
ok "forks while stdio has its locks" preloaded ./forks stdio
ok "the same at level check" preloaded env SNUG_DEBUG=check,leaks=0 ./forks stdio
plan
