#!/usr/bin/env bash
# snugbench convert as a user meets it, on logs made on the spot.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# is NAME FOUND EXPECTED
is()
{
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected: $3
found:    $2"; fi
}

# has NAME PATTERN TEXT
has()
{
    if grep -Eq -- "$2" <<<"$3"; then pass "$1"; else fail "$1" "$3"; fi
}

log=bench/test/golden/mtrace.log
"$bench" convert "$log" "$folder/log.rep" 2>"$folder/err"
is "a log becomes a trace" $? 0
report=$(cat "$folder/err")
has "the report names the format" "mtrace.log: Read as mtrace: operations: 9; threads: 1;" "$report"
has "and what was dropped" "Dropped 1 frees" "$report"
has "and what was repaired" "Added 1 frees" "$report"
has "and what is left" "Blocks never freed" "$report"
has "the trace tells where it comes from" "^# snugbench .* convert, from mtrace: $log" \
    "$(cat "$folder/log.rep")"

"$bench" convert - - <"$log" >"$folder/stdout.rep" 2>/dev/null
is "standard input to standard output" "$(grep -v '^#' "$folder/stdout.rep")" \
    "$(grep -v '^#' "$folder/log.rep")"

"$bench" convert "$folder/log.rep" "$folder/log.rep.zst" 2>/dev/null &&
    "$bench" convert "$folder/log.rep.zst" "$folder/again.rep" 2>/dev/null
is "rep to rep.zst and back" "$(grep -v '^#' "$folder/again.rep")" \
    "$(grep -v '^#' "$folder/log.rep")"

found=$("$bench" convert --from rep "$log" "$folder/none.rep" 2>&1)
is "a forced format is believed" $? 2
has "and fails with its line" "mtrace.log:1: expected a header" "$found"
[ ! -e "$folder/none.rep" ]
is "nothing is written then" $? 0
found=$("$bench" convert --from nonsense a b 2>&1)
is "an unknown format is refused" $? 2
has "by name" "there is no format 'nonsense'" "$found"
found=$("$bench" convert only-one 2>&1)
is "two files are needed" $? 2
has "with a word on it" "IN and OUT" "$found"
found=$("$bench" convert "$log" "$folder/no/such/folder.rep" 2>&1)
is "a file that cannot be written fails" $? 1

# A fresh log of mtrace beside a recording of ours of the same program.
cat >"$folder/program.c" <<'PROGRAM'
#include <mcheck.h>
#include <stdlib.h>

static void *volatile blocks[50];

int main(void)
{
    mtrace();
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 50; i++) {
            unsigned draw = round * 7919 + i * 104729;
            if (draw % 3 == 0) {
                free(blocks[i]);
                blocks[i] = malloc(10000 + draw % 997);
            } else if (draw % 3 == 1) {
                blocks[i] = realloc(blocks[i], 10000 + draw % 49999);
            } else {
                free(blocks[i]);
                blocks[i] = NULL;
            }
        }
    }
    muntrace();
    return 0;
}
PROGRAM

# What the program itself asked for, which has 10,000 bytes and more; realloc of NULL is
# malloc to mtrace.
requests()
{
    "$bench" convert "$1" - 2>/dev/null |
        awk '$1 ~ /^[ar]$/ && $3 >= 10000 { print $3 }'
}

if gcc -O1 -o "$folder/program" "$folder/program.c" 2>/dev/null &&
    MALLOC_TRACE=$folder/fresh.log LD_PRELOAD=libc_malloc_debug.so.0 "$folder/program" \
        2>/dev/null && [ -s "$folder/fresh.log" ]; then
    "$bench" record -o "$folder/own.rep" -- "$folder/program" >/dev/null 2>&1
    is "a fresh mtrace log asks for as much as our recording" \
        "$(requests "$folder/fresh.log" | md5sum)" "$(requests "$folder/own.rep" | md5sum)"
    is "in as many requests as the program made" "$(requests "$folder/fresh.log" | wc -l)" \
        "$(awk 'BEGIN { for (r = 0; r < 20; r++) for (i = 0; i < 50; i++)
            if ((r * 7919 + i * 104729) % 3 < 2) n++; print n }')"
    is "with nothing dropped or repaired" \
        "$("$bench" convert "$folder/fresh.log" - 2>&1 >/dev/null |
            grep -Ec "Dropped|Turned|Put|Added|Left out")" 0
else
    skip "a fresh mtrace log" "no gcc or libc_malloc_debug.so.0 here"
fi
plan
