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

plan
