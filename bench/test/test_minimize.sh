#!/usr/bin/env bash
# snugbench minimize against allocators that are broken, and one that is slow.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=$PWD/${BUILD:-build}
bench=$build/snugbench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# minimized NAME LIBRARY TRACE BODY [OPTION...]: from TRACE, with that library
minimized()
{
    local name=$1 library=$2 trace=$3 body=$4
    shift 4
    "$bench" minimize "$trace" -a "broken=$build/test/libbroken-$library.so" \
        -o "$work/least.rep" "$@" >"$work/out" 2>"$work/err" &&
        [ "$(tail -n +5 "$work/least.rep" | grep -v '^#')" = "$body" ]
    report "$name" $?
}

"$bench" generate random -n 20000 --min 990 --max 1010 -o "$work/random.rep" >"$work/out" 2>&1
"$bench" generate realloc -n 20000 --min 300 --max 2000 -o "$work/realloc.rep" \
    >"$work/out" 2>&1
minimized "two blocks that overlap" overlap "$work/random.rep" 'a 0 1000
a 1 1000'
grep -q 'broken: failed: operation 2: malloc(1000) returned 0x.* overlaps' "$work/err"
report "what the result shows is told" $?
grep -q 'least.rep: operations: 2; tests: ' "$work/err"
report "and how large it is" $?
grep -q '^snugbench: operations left: ' "$work/err"
report "and how it went" $?
grep -q '^# broken: failed: operation 2' "$work/least.rep"
report "the file tells it, too" $?
expect "it fails as minimize says" 1 out 'overlaps' "$bench" replay "$work/least.rep" \
    -a "broken=$build/test/libbroken-overlap.so" --passes verify
minimized "a crash" crash "$work/random.rep" 'a 0 1000'
minimized "a hang" hang "$work/random.rep" 'a 0 1000' --timeout 1
expect "a realloc that forgets" 0 err 'least.rep: operations: 2;' "$bench" minimize \
    "$work/realloc.rep" -a "broken=$build/test/libbroken-forget.so" -o "$work/least.rep"
tail -1 "$work/least.rep" | grep -q '^r 0 1000$'
report "is the last thing that happens" $?

# A free that matters, threads that do not.
printf '%s\n' '3 8' 't 5' 'a 0 100' 't 6' 'a 1 50' 'a 2 1000' 't 5' 'f 1' 'f 0' 'f 2' \
    >"$work/threads.rep"
expect "threads are one in the result" 0 err 'operations: ' "$bench" minimize \
    "$work/threads.rep" -a "broken=$build/test/libbroken-scribble.so" -o "$work/least.rep"
! grep -q '^t ' "$work/least.rep"
report "which has no thread lines" $?

expect "an allocator without fault is told" 1 err 'glibc does not fail on it' \
    "$bench" minimize "$work/random.rep" -a glibc -o "$work/none.rep"
[ ! -e "$work/none.rep" ]
report "and nothing is written" $?
expect "neither is a ratio that is not there" 1 err 'times the time of glibc \(median of' \
    "$bench" minimize "$work/threads.rep" -a snug --slower 1000 -o "$work/none.rep"
grep -qE 'ask for a --slower of no more|not slower, as far as' "$work/err"
report "and what to do is said" $?
expect "nor is anything slower than itself" 2 err 'name another with --reference' \
    "$bench" minimize "$work/threads.rep" -a glibc --slower 2

# 50 µs for every 50th malloc: a few hundred times a small one's own, whatever runs beside.
"$bench" generate random -n 3000 --max 64 -o "$work/short.rep" >"$work/out" 2>&1
expect "what is slow stays slow" 0 err 'slow: [0-9.]+ times the time of glibc' "$bench" \
    minimize "$work/short.rep" -a "slow=$build/test/libbroken-slow.so" --slower 2 \
    -o "$work/slow.rep"
count=$("$bench" stat --csv "$work/slow.rep" | tail -1 | cut -d, -f3 | tr -d '"')
[ "$count" -ge 1000 ] && [ "$count" -lt 3000 ]
report "in fewer operations, 1,000 at least" $?

expect "the budget ends a search" 0 err 'stopped after --budget' "$bench" minimize \
    "$work/random.rep" -a "broken=$build/test/libbroken-hang.so" --timeout 0.3 \
    --budget 0.5 -o "$work/least.rep"

(cd "$work" && "$bench" minimize random.rep -a "b=$build/test/libbroken-crash.so") \
    2>"$work/err"
[ -s "$work/random-min.rep" ]
report "without -o the name says whose least it is" $?

# Interrupted: what has been reached is there, whole. The trace is long enough for a
# search that goes on after its first success on any machine.
"$bench" generate random -n 50000 --min 990 --max 1010 -o "$work/long.rep" >"$work/out" 2>&1
: >"$work/err"
"$bench" minimize "$work/long.rep" -a "slow=$build/test/libbroken-slow.so" --slower 2 \
    -o "$work/interrupted.rep" 2>"$work/err" &
search=$!
await grep -q 'operations left' "$work/err"
kill -TERM "$search"
wait "$search"
[ $? -eq 130 ] && grep -q 'interrupted; more of it may go' "$work/err" &&
    "$bench" stat "$work/interrupted.rep" >"$work/out" 2>&1
report "an interrupted search leaves a whole trace" $?

expect "no place for the result is told before the search" 2 err \
    "^snugbench: cannot write '$work/none/x.rep'" "$bench" minimize "$work/random.rep" \
    -a "broken=$build/test/libbroken-overlap.so" -o "$work/none/x.rep"
expect "one trace is needed" 2 err 'name one trace' "$bench" minimize -a glibc
expect "one allocator is needed" 2 err 'name one allocator' "$bench" minimize "$work/short.rep"
expect "an allocator that is not there is refused" 2 err "no allocator 'nonsense'" \
    "$bench" minimize "$work/short.rep" -a nonsense
expect "a reference wants --slower" 2 err 'belongs to --slower' \
    "$bench" minimize "$work/short.rep" -a glibc --reference snug
expect "a ratio below 1 is refused" 2 err 'a ratio of 1 or more' \
    "$bench" minimize "$work/short.rep" -a glibc --slower 0.5
plan
