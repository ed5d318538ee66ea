#!/usr/bin/env bash
# What libsnug.so adds to the start of a program: the pages that it touches there, of which
# each costs a page fault (libsnug.ld).
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
library=$(realpath "${BUILD:-build}/libsnug.so")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What each start or each allocation writes or reads.
touched='_DYNAMIC _GLOBAL_OFFSET_TABLE_ heap heap_bins heap_lock granule_map classes debug_mode object_secret policy
    pages_vacant_bytes large_sums pressure'

# Page and name of each.
pages_of() # NAME...
{
    nm "$library" | awk -v names="$*" '
        BEGIN { count = split(names, name); for (i in name) wanted[name[i]] = 1 }
        $3 in wanted { found++; print substr($1, 1, length($1) - 3), $3 }
        END { if (found != count) print "missing some of " names }'
}

name="what each start and each allocation touches is on one page"
# shellcheck disable=SC2086 # names
where=$(pages_of $touched)
if [ "$(cut -d ' ' -f 1 <<<"$where" | sort -u | wc -l)" -eq 1 ]; then
    pass "$name"
else
    fail "$name" "$where"
fi

cat >"$scratch/starts.c" <<'END'
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **arguments)
{
    if (count == 1) {
        free(malloc(48));
        return 0;
    }
    enum { STARTS = 200 };
    char *child[] = {arguments[0], NULL}, *with[] = {arguments[1], NULL}, *none[] = {NULL};
    long faults[2] = {0, 0};
    for (int i = 0; i < 2 * STARTS; i++) {
        pid_t pid;
        int status;
        struct rusage usage;
        if (posix_spawn(&pid, child[0], NULL, NULL, child, i % 2 ? with : none) != 0 ||
            wait4(pid, &status, 0, &usage) != pid || status != 0)
            return 1;
        faults[i % 2] += usage.ru_minflt;
    }
    printf("%ld\n", (faults[1] - faults[0] + STARTS / 2) / STARTS);
    return 0;
}
END

# Without the library libc's heap takes a page, too. One each of these is not ours to
# spare: the dynamic linker's stack and heap, libc's table of fork handlers.
name="a program that allocates touches at most 6 pages more"
if ! gcc -O1 -fno-builtin -D_GNU_SOURCE -Wl,-z,now -o "$scratch/starts" "$scratch/starts.c"; then
    fail "$name" "does not compile"
elif more=$("$scratch/starts" "LD_PRELOAD=$library") && [ "$more" -le 6 ]; then
    pass "$name"
else
    fail "$name" "${more:-none, as it fails}"
fi
plan
