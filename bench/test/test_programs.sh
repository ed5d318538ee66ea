#!/usr/bin/env bash
# Whole programs: the peak of a command, and scripts/programs from end to end on one
# program, one round.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
export BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

peak_of() { "$BUILD/snugbench" programs --peak "$@" 2>"$dir/errors"; }

# 64 MiB written by dd's buffer: the peak is that, and little more.
row=$(peak_of dd:glibc -- dd if=/dev/zero of=/dev/null bs=64M count=1)
bytes=$(sed -n 's/^"dd:glibc","\([0-9]*\)"$/\1/p' <<<"$row")
ok "the peak of 64 MiB is found" [ "${bytes:-0}" -ge $((64 << 20)) ]
ok "and is not far above" [ "${bytes:-0}" -lt $((80 << 20)) ]
ok "a failing command has no row" [ -z "$(peak_of x:y -- false)" ]
ok "and its exit code is told" grep -qx 'snugbench: x:y: exit code 1' "$dir/errors"
peak_of x:y -- sh -c 'kill -SEGV $$'
ok "a crash is told" grep -qx 'snugbench: x:y: killed by signal 11' "$dir/errors"
bytes=$(trap '' CHLD && peak_of a:b -- true)
ok "a peak where SIGCHLD is ignored" [ -n "$bytes" ]
"$BUILD/snugbench" programs 2>/dev/null
ok "no files: bad usage" [ $? -eq 2 ]

# A pipe or a device is written to, not replaced by a file of its name.
printf 'command,mean,stddev,median,min\nsort:glibc,1,0,1,1\n' >"$dir/round.csv"
mkfifo "$dir/pipe"
timeout 10 cat "$dir/pipe" >"$dir/piped" &
"$BUILD/snugbench" programs -o "$dir/pipe" "$dir/round.csv" >/dev/null
ok "figures into a pipe" [ -p "$dir/pipe" ]
wait $!
ok "arrive there" grep -q '^"sort","glibc"' "$dir/piped"

if needs "scripts/programs" hyperfine gnuplot; then
    ONLY=sort ROUNDS=1 scripts/programs "$dir/out" >"$dir/table" 2>"$dir/errors"
    ok "scripts/programs ends well" [ $? -eq 0 ]
    rows=$(grep -c '^"sort",' "$dir/out/programs.csv")
    allocators=$("$BUILD/snugbench" list | awk '
        $1 == "glibc" || ($3 ~ /^\// && $1 != "floor" && $1 != "scudo")' | wc -l)
    ok "a row for each allocator" [ "$rows" -eq "$allocators" ]
    ok "one round gives no verdict" grep -q 'too few rounds' "$dir/out/programs.csv"
    ok "each row has its peak" \
        [ "$(grep -c '"[0-9]\{7,\}","[0-9.]*"$' "$dir/out/programs.csv")" -eq "$rows" ]
    ok "chart" [ -s "$dir/out/programs.png" ]
    ok "table" grep -q '^  snug ' "$dir/table"
    exec 7<"$dir/out"
    flock -n 7
    ONLY=sort ROUNDS=1 scripts/programs "$dir/out" >"$dir/table" 2>"$dir/errors"
    ok "a folder that another run has is refused" [ $? -eq 2 ]
    ok "and the reason told" grep -q "another run uses '$dir/out'" "$dir/errors"
    exec 7<&-
fi
plan
