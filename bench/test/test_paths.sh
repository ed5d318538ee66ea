#!/usr/bin/env bash
# A checkout whose path has what LD_PRELOAD cannot hold: a blank, a colon, a dollar.
# snugbench and its libraries are copied to such a place and must work there, with a
# library of the user's that lies in another.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=$(realpath "${BUILD:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
odd="$work/a b:c \$d"

run()
{
    TMPDIR=$work/links "$@" >"$work/out" 2>"$work/err"
}

mkdir "$odd" "$work/links"
cp "$build"/snugbench* "$build"/libsnug*.so "$odd"
bench=$odd/snugbench

# A library of the user's that finds another beside itself.
mkdir "$odd/mine"
cat >"$work/helper.c" <<'C'
int beside_me(void)
{
    return 1;
}
C
cat >"$work/mine.c" <<'C'
#include <stddef.h>
int beside_me(void);
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);
void *malloc(size_t size) { return beside_me() ? __libc_malloc(size) : NULL; }
void *calloc(size_t count, size_t size) { return __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return __libc_realloc(block, size); }
void free(void *block) { __libc_free(block); }
C
gcc -shared -fPIC -o "$odd/mine/libhelper.so" "$work/helper.c"
gcc -shared -fPIC -fno-builtin -o "$odd/mine/libmine.so" "$work/mine.c" \
    -L"$odd/mine" -lhelper -Wl,-rpath,'$ORIGIN'
gcc -shared -fPIC -fno-builtin -o "$odd/mine/lib mine.so" "$work/mine.c" "$work/helper.c"

run "$bench" generate churn -n 1000 -o "$work/churn.rep"
run "$bench" replay "$work/churn.rep" -a snug -a glibc -a mine="$odd/mine/libmine.so" \
    -a named="$odd/mine/lib mine.so" -r 1 -w 1 -o "$work/figures"
report "replay" $?
ok "every row has figures" [ "$(grep -c '"ok"' "$work/figures/summary.csv")" -eq 5 ]
ok "the libraries have their own names" \
    grep -qF '"library": "'"$odd/mine/lib mine.so"'"' "$work/figures/environment.json"
run "$bench" micro --scale 0.001 --only start -r 1 -a snug -a glibc
report "micro" $?
run "$bench" record -o "$work/sh.rep" -- bash -c 'exit 5'
ok "record" [ $? -eq 5 ]
ok "its trace" grep -q '^# image: .*bash' "$work/sh.rep"
ok "the links are gone" [ -z "$(ls -A "$work/links")" ]
TMPDIR=$work/links "$bench" replay "$work/churn.rep" -a "mine=$odd/mine/libmine.so" \
    -a glibc -r 1 -w 1 2>"$work/err" | true # the table comes when nobody reads any more
found="${PIPESTATUS[0]} $(ls -A "$work/links")"
is "also where a closed pipe ended it" "$found" "141 "
if needs "the moment in which they are made" strace; then
    for call in mkdir chmod symlink; do
        TMPDIR=$work/links strace -o "$work/calls" -e "inject=$call:signal=TERM:when=1" \
            "$bench" compare -a "mine=$odd/mine/libmine.so" -a glibc --runs 1 -- true \
            >"$work/out" 2>"$work/err"
        is "and where a signal comes as $call makes them" "$? $(ls -A "$work/links")" "143 "
    done
fi
# shellcheck disable=SC2016 # the dollar is in the name of the folder
TMPDIR="$odd" "$bench" record -o "$work/sh.rep" -- bash -c 'exit 6' >"$work/out" 2>"$work/err"
ok "where TMPDIR is no better" [ $? -eq 6 ]

# The same for scripts.
path=$(scripts/preload-path "$odd/libsnug.so" "$work/links")
ok "scripts/preload-path names the file" [ "$path" -ef "$odd/libsnug.so" ]
ok "by a plain path" [ "${path//[ :\$]/}" = "$path" ]
cp "$build/libsnug.so" "$work"
ok "a plain path stays" \
    [ "$(scripts/preload-path "$work/libsnug.so" "$odd")" = "$(realpath "$work")/libsnug.so" ]
scripts/preload-path "$odd/libsnug.so" "$odd" 2>"$work/err" >"$work/out"
ok "a folder for links that is no better is refused" [ $? -eq 1 ]
plan
