#!/usr/bin/env bash
# snugbench convert as a user meets it, on logs made on the spot.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

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
# Threads, each kind of call; a realloc to 0 bytes, which Android has as free and malloc,
# and marks are not in it.
printf '%s\n' 1 6 12 0 'a 0 10' 'c 1 3 8' 't 5' 'm 2 64 7' 'r 0 500' 'r 3 9' 'f -1' \
    'f 1' 't 0' 'a 1 4' 'f 2' '#@ end 5' 'f 0' >"$folder/kinds.rep"
"$bench" convert "$folder/kinds.rep" "$folder/ours.rep" 2>/dev/null
"$bench" convert --to android "$folder/kinds.rep" "$folder/android.txt.gz" 2>/dev/null &&
    "$bench" convert "$folder/android.txt.gz" "$folder/again.rep" 2>/dev/null
is "to Android's text and back" "$(grep -v '^# ' "$folder/again.rep")" \
    "$(grep -v '^# ' "$folder/ours.rep")"
has "threads are numbered from 1, reallocs have both addresses" \
    "^2: realloc 0x1000 0x1000 500\$" "$(zcat "$folder/android.txt.gz")"

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
# A fresh file of heaptrack's beside a recording of ours of the same program. What the
# program itself asks for has 100,000 bytes and more.
cat >"$folder/blocks.c" <<'PROGRAM'
#include <stdlib.h>

static void *volatile blocks[50];

int main(void)
{
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 50; i++) {
            unsigned draw = round * 7919 + i * 104729;
            if (draw % 4 == 1) {
                blocks[i] = realloc(blocks[i], 100000 + draw % 49999);
                continue;
            }
            free(blocks[i]);
            blocks[i] = draw % 4 == 0   ? malloc(100000 + draw % 997)
                        : draw % 4 == 2 ? calloc(2, 50000 + draw % 997)
                                        : NULL;
        }
    }
    return 0;
}
PROGRAM

# Bytes allocated, peak, and what is left, blocks and bytes: the same whether a realloc
# counts as one call or as two.
totals()
{
    "$bench" filter --min 100000 --max 160000 "$1" - 2>/dev/null |
        "$bench" stat --csv - | tail -1 | cut -d, -f14,15,17-19
}

if command -v heaptrack >/dev/null && gcc -O1 -o "$folder/blocks" "$folder/blocks.c" &&
    heaptrack --raw -o "$folder/fresh" "$folder/blocks" >/dev/null 2>&1 &&
    raw=$(compgen -G "$folder/fresh.raw.*"); then
    "$bench" record -o "$folder/blocks.rep" -- "$folder/blocks" >/dev/null 2>&1
    is "heaptrack's data have the bytes, peak and leftovers of our recording" \
        "$(totals "$raw")" "$(totals "$folder/blocks.rep")"
    is "in which there is something" "$(totals "$raw" | tr -d '"')" \
        "81406733,4277724,39,4100720,38"
    is "their sizes are the program's, in its order" \
        "$("$bench" convert "$raw" - 2>/dev/null |
            awk '$1 == "a" && $3 >= 100000 { print $3 }' | md5sum)" \
        "$("$bench" convert --to classic "$folder/blocks.rep" - 2>/dev/null |
            awk '$1 ~ /^[ar]$/ && $3 >= 100000 { print $3 }' | md5sum)"
    has "and nothing is dropped" "Read as heaptrack" "$("$bench" convert "$raw" - 2>&1 >/dev/null |
        grep -Ev "Dropped|Added|Left out")"
    heaptrack -o "$folder/interpreted" "$folder/blocks" >/dev/null 2>&1
    found=$("$bench" convert "$(compgen -G "$folder/interpreted.*")" "$folder/none.rep" 2>&1)
    is "heaptrack's interpreted data are refused" $? 2
    has "with what to do" "record with 'heaptrack --raw'" "$found"
else
    skip "fresh data of heaptrack" "no gcc or heaptrack that works here"
fi

printf '1\n1\n2\n32\na 0 32\n# note: Not recorded: x.\nf 0\n# notes: y\n' \
    >"$folder/noted.rep"
"$bench" convert "$folder/noted.rep" "$folder/kept.rep.gz" 2>/dev/null
"$bench" convert "$folder/kept.rep.gz" "$folder/kept.rep" 2>/dev/null
is "what the recorder noted is kept, once" \
    "$(grep '^# note' "$folder/kept.rep")" "# note: Not recorded: x."
has "and told where it cannot be" "lost.txt: Notes of the recorder left out: 1" \
    "$("$bench" convert --to android "$folder/noted.rep" "$folder/lost.txt" 2>&1)"

# For the drivers of malloc labs.
"$bench" convert --to classic bench/test/golden/superset.rep "$folder/lab.rep" 2>"$folder/err"
is "a trace for a course" $? 0
is "has nothing that a driver does not know" \
    "$(grep -Evc '^([0-9]+|[ar] [0-9]+ [1-9][0-9]*|f [0-9]+)$' "$folder/lab.rep")" 0
has "and what is lost is told" "lab.rep: Alignments lost, mallocs now: 2" "$(cat "$folder/err")"
found=$("$bench" convert --to nonsense a b 2>&1)
is "an unknown dialect is refused" $? 2
plan
