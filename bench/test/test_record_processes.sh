#!/usr/bin/env bash
# snugbench record --follow-fork: one trace a process.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
snugbench=${BUILD:-build}/snugbench
helper=${BUILD:-build}/test/helper_record
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# follow NAME PROGRAM ARGS...: traces $work/NAME/t.rep, t.2-PROGRAM.rep ...
follow()
{
    local name=$1
    shift
    mkdir "$work/$name"
    "$snugbench" record --follow-fork -o "$work/$name/t.rep" -- "$@" \
        >"$work/out" 2>"$work/err" </dev/null
    code=$?
}
# Each of them is a trace.
are_traces()
{
    local file
    for file in "$work/$1"/*.rep; do
        "$snugbench" stat "$file" >"$work/stat" 2>&1 || return 1
    done
}
follow shell sh -c 'ls / >/dev/null; sort -u /dev/null; echo done'
[ "$code" -eq 0 ] && are_traces shell &&
    [ "$(cd "$work/shell" && echo *)" = 't.2-ls.rep t.3-sort.rep t.rep' ] &&
    grep -q '^# process: 2: ls /$' "$work/shell/t.2-ls.rep" &&
    grep -q '^# image: .*/sort$' "$work/shell/t.3-sort.rep" && [ "$(wc -l <"$work/err")" -eq 3 ]
report "--follow-fork: a trace a program, named by order and program" $?

grep -q 'earlier' "$work/err"
report "of nothing else" $((!$?))
"$snugbench" record --follow-fork -o "$work/shell/t.rep" -- sh -c 'ls / >/dev/null; :' \
    >"$work/out" 2>"$work/err" </dev/null
grep -qF "warning: $work/shell/t.3-sort.rep is of an earlier recording" "$work/err" &&
    [ -e "$work/shell/t.3-sort.rep" ]
report "a trace that an earlier recording left beside them is named" $?

follow generations "$helper" generations
[ "$code" -eq 0 ] && are_traces generations &&
    [ "$(cd "$work/generations" && echo *)" = \
        't.2-helper_record.rep t.3-helper_record.rep t.rep' ] &&
    ! grep -q 'Dropped' "$work/generations"/* &&
    [ "$(grep -hcE '^a [0-9]+ 510[123]$' "$work/generations"/*.rep | tr '\n' ' ')" = '2 2 1 ' ] &&
    grep -q '^a [0-9]* 5103' "$work/generations/t.3-helper_record.rep" &&
    ! grep -q '^a [0-9]* 5101' "$work/generations/t.3-helper_record.rep"
report "a child's trace begins with what is live in it, and its own child's too" $?

# Read in one go, forks of many children come before the first of these.
follow crowd bash -c 'for ((i = 0; i < 200; i++)); do (:) & done; wait'
[ "$code" -eq 0 ] && ! grep -q Dropped "$work/err" &&
    [ "$(grep -l '^# note: The first .* mallocs are what was live' "$work/crowd"/*.rep |
        wc -l)" -eq 200 ]
report "so does that of each of 200 children at once" $?

follow exec "$helper" exec
[ "$code" -eq 9 ] && [ "$(cd "$work/exec" && echo *)" = t.rep ] &&
    grep -q '^a [0-9]* 4001' "$work/exec/t.rep"
report "a process that becomes another program has one trace" $?

mkfifo "$work/hold2"
exec 7<>"$work/hold2"
mkdir "$work/left"
: >"$work/err"
(await grep -q 'recording on' "$work/err" && echo) >&7 &
"$snugbench" record -f -o "$work/left/t.rep" -- "$helper" daemon >"$work/out" 2>"$work/err" <&7
code=$?
exec 7>&-
[ "$code" -eq 0 ] && grep -q '^a [0-9]* 8002' "$work/left/t.2-helper_record.rep" &&
    grep -q 'has ended; recording on, .* (1): Ctrl-C' "$work/err"
report "a daemon is recorded to its end, and that it is waited for is said" $?

mkfifo "$work/hold3"
exec 7<>"$work/hold3"
mkdir "$work/stopped"
: >"$work/err"
"$snugbench" record -f -o "$work/stopped/t.rep" -- "$helper" daemon >"$work/out" 2>"$work/err" <&7 &
pid=$!
await grep -q 'recording on' "$work/err"
kill -s TERM "$pid"
wait "$pid"
code=$?
echo >&7
exec 7>&-
[ "$code" -eq 0 ] && grep -q '^a [0-9]* 8002' "$work/stopped/t.2-helper_record.rep" &&
    grep -q '^# note: The recording ended .* interrupted' "$work/stopped/t.2-helper_record.rep"
report "a signal then ends the recording" $?

if needs "make -j2" make; then
    printf 'all: one two three four\none two three four:\n\t@sort -u /dev/null; ls / >/dev/null\n' >"$work/Makefile"
    follow make make -s -j2 -f "$work/Makefile"
    [ "$code" -eq 0 ] && are_traces make && [ -s "$work/make/t.rep" ] &&
        [ "$(cd "$work/make" && echo *-sort.rep *-ls.rep | wc -w)" -eq 8 ]
    report "make -j2: every program it starts" $?
fi

plan
