#!/usr/bin/env bash
# snugbench filter as a user meets it; what it leaves is tested in test_filter.c.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# has NAME FILE LINES: its body
has()
{
    [ "$(tail -n +5 "$2" | grep -v '^# ')" = "$3" ]
    report "$1" $?
}

printf '%s\n' '2 6' 'a 0 10' 'a 1 2000' 't 1' 'f 0' 'a 2 30' 't 0' 'f 2' 'f 1' \
    >"$work/in.rep"
expect "a window is written" 0 err 'window.rep: operations: 4 of 6; threads: 2; peak live' \
    "$bench" filter --window 3-4 "$work/in.rep" "$work/window.rep"
grep -q 'Blocks from before the window, allocated first: 2' "$work/err"
report "what it begins with is told" $?
has "it begins with what was live" "$work/window.rep" 'a 0 10
a 1 2000
t 1
f 0
a 0 30'
expect "the file tells how it was made" 0 out 'filter --window 3-4 ' cat "$work/window.rep"
"$bench" filter --window=3-4 --empty "$work/in.rep" "$work/empty.rep" 2>"$work/err"
has "or with nothing" "$work/empty.rep" 'a 0 30'
"$bench" filter --thread 1 --thread 7 "$work/in.rep" "$work/thread.rep.zst" 2>"$work/err"
expect "a thread's blocks, whoever frees them" 0 out '^operations +2: malloc 1, free 1$' \
    "$bench" stat "$work/thread.rep.zst"
"$bench" filter --min 11 --max 30 - - <"$work/in.rep" >"$work/size.rep" 2>"$work/err"
has "a range of sizes, through pipes" "$work/size.rep" 'a 0 30
t 1
f 0'

{
    cat "$work/in.rep"
    echo '# note: Not recorded: x.'
} >"$work/noted.rep"
"$bench" filter --window 2- "$work/noted.rep" "$work/part.rep" 2>"$work/err"
"$bench" filter --window 2- "$work/part.rep" "$work/again.rep" 2>"$work/err"
[ "$(grep '^# note' "$work/again.rep")" = \
    '# note: Of the trace this is a part of: Not recorded: x.' ]
report "what the recorder noted is kept, as said of the whole" $?

for wrong in '--window 4-3' '--window 0-' '--window -' '--window 5' '--window 1-2x' \
    '--thread 65536' '--thread x' '--min 5 --max 4' '--min -1'; do
    # shellcheck disable=SC2086 # words
    expect "refused: $wrong" 2 err "filter --help" \
        "$bench" filter $wrong "$work/in.rep" "$work/none.rep"
done
expect "two files are needed" 2 err 'IN and OUT' "$bench" filter "$work/in.rep"
expect "a part with nothing in it is refused" 2 err 'expected some operation' \
    "$bench" filter --window 7- "$work/in.rep" "$work/none.rep"
expect "so is what cannot be read" 2 err 'none.rep: cannot be opened' \
    "$bench" filter "$work/none.rep" "$work/other.rep"
expect "a place that cannot be written fails" 1 err 'no/such' \
    "$bench" filter "$work/in.rep" "$work/no/such.rep"
[ ! -e "$work/none.rep" ]
report "nothing is written then" $?
plan
