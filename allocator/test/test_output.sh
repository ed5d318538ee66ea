#!/usr/bin/env bash
# What the allocator writes, and where it goes: descriptors that the program closes and uses
# again, limits, signals.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=$(realpath "${BUILD:-build}")
scratch=$(mktemp -d)
library=$(scripts/preload-path "$build/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=allocator/test/level.sh
. "$(dirname "$0")/level.sh"
ulimit -c 0
cd "$scratch" || exit 1

expect_data()
{
    [ "$(cat data)" = "precious data" ] || wrong "the data are now $(cat data)"
}

cat >program.c <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char *volatile kept;

static void misuse(void)
{
    char *const block = malloc(40);
    free(block);
    free(block);
}

/* stranger KIND END: what stands at descriptor 2 is no stderr. */
static int stranger(const char *kind, const char *end)
{
    close(2);
    int sockets[2] = {-1, -1};
    if (strcmp(kind, "socket") == 0) {
        const int free_number = socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
        if (free_number != 0 || sockets[0] != 2) {
            return 3;
        }
    } else {
        const int flags = strcmp(kind, "append") == 0  ? O_WRONLY | O_APPEND
                          : strcmp(kind, "write") == 0 ? O_WRONLY
                                                       : O_RDWR;
        if (open("data", flags | O_CREAT | O_TRUNC, 0644) != 2 ||
            write(2, "precious data\n", 14) != 14) {
            return 3;
        }
    }
    for (int i = 0; i < 10; i++) {
        kept = malloc(100);
    }
    const pid_t child = fork();
    if (child == 0) {
        if (strcmp(end, "misuse") == 0) {
            misuse();
        } else if (strcmp(end, "stats") == 0) {
            malloc_stats();
        }
        exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    char byte;
    if (sockets[1] >= 0 && recv(sockets[1], &byte, 1, MSG_DONTWAIT) > 0) {
        return 4;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* closes FIRST LAST: closes those, and has files of its own at their numbers. */
static int closes(int first, int last)
{
    for (int i = 0; i < 100; i++) {
        free(malloc(10));
    }
    if (chdir("/") != 0) {
        return 3;
    }
    for (int i = first; i <= last; i++) {
        close(i);
    }
    const char *const data = getenv("DATA");
    int file;
    do {
        file = open(data, O_RDWR | O_CREAT, 0644);
    } while (file >= 0 && file < last);
    for (int i = 0; i < 20000; i++) {
        free(malloc((size_t)(10 + i % 1000)));
    }
    kept = malloc(40);
    kept = NULL;
    return 0;
}

/* A stderr that was made on purpose, without exec. */
static int piped(void)
{
    int ends[2];
    char text[200] = "";
    if (pipe(ends) != 0) {
        return 3;
    }
    if (fork() == 0) {
        dup2(ends[1], 2);
        misuse();
    }
    close(ends[1]);
    wait(NULL);
    const ssize_t n = read(ends[0], text, sizeof text - 1);
    printf("%.*s", (int)n, text);
    return 0;
}

static int broken_pipe(bool blocked)
{
    int ends[2];
    sigset_t set;
    if (pipe(ends) != 0) {
        return 3;
    }
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    sigemptyset(&set);
    if (blocked) {
        sigaddset(&set, SIGPIPE);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGPIPE);
    }
    malloc_stats();
    sigpending(&set);
    return sigismember(&set, SIGPIPE) != blocked;
}

/* More lines than a pipe holds that does not block. */
static int full_pipe(void)
{
    if (fcntl(2, F_SETPIPE_SZ, 4096) < 0 || fcntl(2, F_SETFL, O_WRONLY | O_NONBLOCK) != 0) {
        return 3;
    }
    for (int i = 0; i < 100; i++) {
        malloc_stats();
    }
    return 0;
}

int main(int count, char **arguments)
{
    const char *const what = arguments[1];
    if (strcmp(what, "full") == 0) {
        return full_pipe();
    }
    if (strcmp(what, "stranger") == 0) {
        return stranger(arguments[2], arguments[3]);
    }
    if (strcmp(what, "closes") == 0) {
        return closes(atoi(arguments[2]), atoi(arguments[3]));
    }
    if (strcmp(what, "piped") == 0) {
        return piped();
    }
    if (strcmp(what, "broken") == 0) {
        return broken_pipe(count > 2);
    }
    if (strcmp(what, "lose") == 0) {
        for (int i = 0; i < 100; i++) {
            kept = malloc(50);
        }
        kept = NULL;
        return 0;
    }
    misuse();
    return 0;
}
END
if ! gcc -g -O0 -fno-builtin -std=gnu17 -o program program.c 2>err; then
    fail "the program of these tests is compiled" "$(cat err)"
    plan
    exit 1
fi

begin "stderr is written to, whatever it is"
for level in off check guard; do
    what=$level
    run "$level" ./program misuse
    expect_status 134
    expect err "snug: .*free of .*0x[0-9a-f]*.*"
    { env SNUG_DEBUG="$level" LD_PRELOAD="$library" ./program misuse 2>&1; } 2>/dev/null | cat >err
    expect err "snug: .*free of .*0x[0-9a-f]*.*"
    run "$level" ./program piped
    expect_status 0
    cat out err >both
    expect both "snug: .*free of .*0x[0-9a-f]*.*"
done
end

begin "a file at descriptor 2 that is not stderr gets no line of ours"
for level in off check guard,leaks=1; do
    for kind in read-write write append socket; do
        for way in misuse leaks stats; do
            # Each report costs the reading of symbols.
            [ "$kind" = read-write ] || [ "$level$way" = offmisuse ] || continue
            what="$level $kind $way"
            run "$level" ./program stranger "$kind" "$way"
            [ "$way" = misuse ] && expect_status 134
            [ "$way" != misuse ] && expect_status 0
            [ "$kind" = socket ] || expect_data
            [ "$level" = off ] && [ -s err ] && wrong "$(cat err)"
            # The debug levels have kept stderr.
            [ "$level" = off ] || [ -s err ] || wrong "nothing on stderr"
        done
    done
done
end

begin "nor does one that takes the place of a closed stderr"
cat >closed.c <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    const int data = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (data != 2 || write(2, "precious data\n", 14) != 14) {
        return 3;
    }
    char *const block = malloc(40);
    free(block);
    free(block);
    return 0;
}
END
gcc -O0 -fno-builtin -o closed closed.c
for level in off check guard; do
    what=$level
    { SNUG_DEBUG=$level LD_PRELOAD=$library ./closed 2>&-; } 2>/dev/null
    status=$?
    expect_status 134
    expect_data
done
end

if script -qec true /dev/null >/dev/null 2>&1; then
    begin "where stderr was the terminal, lines go there"
    what=terminal
    script -qec "LD_PRELOAD=$library ./program stranger write misuse" /dev/null >out 2>&1 </dev/null
    expect_data
    tr -d '\r' <out >err
    expect err "snug: .*free of .*0x[0-9a-f]*"
    end
else
    skip "where stderr was the terminal, lines go there" "no script(1) here"
fi

export DATA=$scratch/others
if needs "a program that closes every descriptor keeps its files to itself" descriptors; then
    begin "a program that closes every descriptor keeps its files to itself"
    for last in 1100 5000; do
        for first in 3 2 0; do
            what="from $first to $last"
            rm -f others
            run check bash -c "ulimit -n 6000; exec ./program closes $first $last"
            expect_status 0
            [ ! -s others ] || wrong "$(head -c 500 others)"
            [ "$first" -ne 3 ] || expect err "snug: leaks: 40 bytes in 1 block"
        done
    done
    end
fi

# 100 pairs before and 20,000 after, a block at the end, and what stdio and libc ask for.
if needs "log=FILE goes on when its descriptor was closed and taken" descriptors; then
    begin "log=FILE goes on when its descriptor was closed and taken"
    for last in 1100 5000; do
        what="to $last"
        rm -f others log.rep
        run check,leaks=0,log=log.rep bash -c "ulimit -n 6000; exec ./program closes 3 $last"
        expect_status 0
        [ ! -s others ] || wrong "$(head -c 500 others)"
        [ ! -s err ] || wrong "$(cat err)"
        operations=$(grep -c '^[acmrfs] ' log.rep)
        [ "$operations" -ge 40200 ] || wrong "$operations operations"
        [ "$(awk 'NR == 1 { print $2 }' log.rep)" = "$operations" ] || wrong "header $(head -n 1 log.rep)"
    done
    end
fi

begin "a log that is gone is said once"
what=removed
rm -f others log.rep
cat >remove.c <<'END'
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    free(malloc(10));
    unlink("log.rep");
    for (int i = 3; i < 6000; i++) {
        close(i);
    }
    for (int i = 0; i < 50000; i++) {
        free(malloc(10));
    }
    return 0;
}
END
gcc -O0 -fno-builtin -o remove remove.c
run "check,leaks=0,log=log.rep" ./remove
expect_status 0
expect err "snug: SNUG_DEBUG: the log ends early, cannot write .*/log.rep"
[ "$(wc -l <err)" -eq 1 ] || wrong "$(cat err)"
end

begin "a limit on the size of files ends the log, not the program"
what=log
rm -f others log.rep
run check,leaks=0,log=log.rep bash -c "ulimit -f 100; exec ./program closes 3 3"
expect_status 0
expect err "snug: SNUG_DEBUG: the log ends early, cannot write .*/log.rep"
[ "$(wc -l <err)" -eq 1 ] || wrong "$(cat err)"
[ "$(wc -c <log.rep)" -gt 100000 ] || wrong "only $(wc -c <log.rep) bytes"
"$build/snugbench" stat log.rep >out 2>err || wrong "stat: $(cat err)"
[ "$(awk 'NR == 1 { print $2 }' log.rep)" = "$(grep -c '^[acmrfs] ' log.rep)" ] || wrong "header"
what=report
run check bash -c "ulimit -f 0; exec ./program lose"
expect_status 0
run off bash -c "ulimit -f 0; exec ./program misuse"
expect_status 134
end

begin "a pipe that does not block and is full gets every line"
for level in off check,leaks=0; do
    what=$level
    lines=$(env SNUG_DEBUG="$level" LD_PRELOAD="$library" ./program full 2>&1 |
        { sleep 0.3 && grep -c '^snug: in use'; })
    [ "$lines" = 100 ] || wrong "$lines of 100 lines"
done
end

begin "a pipe that nobody reads is no SIGPIPE, and the program's own stays"
for level in off check; do
    what=$level
    run "$level" ./program broken
    expect_status 0
    run "$level" ./program broken blocked
    expect_status 0
done
what="at exit"
# The program begins when nobody reads any more: only then does a write end the subshell.
{
    while (echo) 2>/dev/null; do sleep 0.01; done
    env SNUG_DEBUG=check LD_PRELOAD="$library" ./program lose 2>&1
    echo $? >status
} | true
await test -s status
[ "$(cat status)" = 0 ] || wrong "exit status $(cat status)"
end

plan
[ "$number" -gt 0 ]
