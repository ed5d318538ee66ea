#!/usr/bin/env bash
# What all commands of snugbench have in common.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect "no command" 2 err '^usage: snugbench COMMAND' "$bench"
expect "one that is none" 2 err "no command 'play'; 'snugbench --help' lists" "$bench" play
expect "help" 0 out '^usage: snugbench COMMAND' "$bench" help
expect "help on a command" 0 out '^usage: snugbench replay' "$bench" help replay
expect "help on one that is none" 2 err "no command 'play'" "$bench" help play

# full ARGUMENT...: standard output is a full disk.
full() { { "$bench" "$@" >/dev/full; } 2>&1; }
for words in --help --version help "compare --help" list "doctor --json" \
    "generate churn -n 100 -o -"; do
    # shellcheck disable=SC2086 # words
    expect "a full disk is told: $words" 1 out 'standard output: .*No space|cannot write the' \
        full $words
done

# shown COLUMNS: the longest of the lines that progress wrote, one over the other.
shown()
{
    script -qec "stty cols $1; $bench replay -a glibc -a snug -r 1 --passes verify,time \
        $work/a-trace-with-a-very-long-name-indeed.rep" /dev/null </dev/null |
        tr '\r' '\n' | sed -n 's/^\x1b\[K\(\[1\/1\] .*\)/\1/p' | awk '{ print length }' |
        sort -n | tail -n 1
}
"$bench" generate churn -n 20000 -o "$work/a-trace-with-a-very-long-name-indeed.rep"
if needs "progress" script stty; then
    ok "progress keeps to the terminal's width" [ "$(shown 30)" -le 29 ]
    ok "and uses it" [ "$(shown 120)" -gt 35 ]
fi
plan
