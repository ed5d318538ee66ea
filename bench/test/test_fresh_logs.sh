#!/usr/bin/env bash
# Logs that valgrind and ltrace write here and now, beside our own recording of the same
# program: all ask for the same, in the same order, and so agree on counts, sizes and peak.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/program.c" <<'PROGRAM'
#include <stdlib.h>

static void *volatile blocks[20];

int main(void)
{
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 20; i++) {
            unsigned draw = round * 7919 + i * 104729;
            if (draw % 5 < 3) {
                free(blocks[i]);
            }
            if (draw % 5 == 0) {
                blocks[i] = malloc(draw % 997);
            } else if (draw % 5 == 1) {
                blocks[i] = calloc(1 + draw % 7, draw % 251);
            } else if (draw % 5 == 2) {
                blocks[i] = aligned_alloc(64u << draw % 3, 256 * (1 + draw % 5));
            } else if (draw % 5 == 3) {
                blocks[i] = realloc(blocks[i], 1 + draw % 49999);
            } else {
                free(blocks[i]);
                blocks[i] = NULL;
            }
        }
    }
    return 0;
}
PROGRAM
cat >"$folder/operators.cc" <<'PROGRAM'
#include <map>
#include <new>
#include <string>

struct alignas(128) wide {
    char bytes[384];
};

int main()
{
    std::map<int, std::string> lines;
    for (int i = 0; i < 100; i++) {
        lines[i * 37 % 41] += std::string(i, 'x');
        lines.erase(i * 29 % 43);
    }
    delete new wide;
    delete[] new wide[3];
    delete[] new (std::nothrow) char[5];
    return 0;
}
PROGRAM

# body TRACE: without the comments, which tell where a trace comes from, and the blanks
# that keep room for late numbers.
body()
{
    sed '/^#/d; s/ *$//' "$1"
}

# agrees NAME LOG PROGRAM: LOG, converted, is what our recorder saw of PROGRAM.
agrees()
{
    local name=$1
    "$bench" record -o "$folder/own.rep" -- "$3" >/dev/null 2>"$folder/err"
    "$bench" convert "$2" "$folder/log.rep" 2>>"$folder/err"
    if [ "$(body "$folder/own.rep" | wc -l)" -gt 100 ] &&
        diff <(body "$folder/own.rep") <(body "$folder/log.rep") >"$folder/difference"; then
        pass "$name"
    else
        fail "$name" "$(cat "$folder/err"; head -20 "$folder/difference")"
    fi
    if grep -Eq 'Dropped|Turned|Put|Added|Left out' "$folder/err"; then
        fail "$name: with nothing dropped or repaired" "$(cat "$folder/err")"
    else
        pass "$name: with nothing dropped or repaired"
    fi
}

# under_valgrind NAME PROGRAM
under_valgrind()
{
    if [ ! -x "$2" ] || ! command -v valgrind >/dev/null; then
        skip "$1" "no valgrind or compiler here"
        return
    fi
    # Without the frees of libc's and libstdc++'s own at exit, which only valgrind makes.
    valgrind --trace-malloc=yes --run-libc-freeres=no --run-cxx-freeres=no \
        --log-file="$folder/valgrind.log" "$2" >/dev/null 2>&1
    agrees "$1" "$folder/valgrind.log" "$2"
}

gcc -O1 -fno-builtin -o "$folder/program" "$folder/program.c" 2>/dev/null
g++ -std=c++17 -O1 -o "$folder/operators" "$folder/operators.cc" 2>/dev/null
under_valgrind "a fresh valgrind log agrees with our recording" "$folder/program"
under_valgrind "one of a program in C++ does" "$folder/operators"

# ltrace shows nothing of programs whose calls do not go through a table it knows.
if [ -x "$folder/program" ] && command -v ltrace >/dev/null &&
    ltrace -o "$folder/ltrace.log" "$folder/program" >/dev/null 2>&1 &&
    grep -q '^malloc(' "$folder/ltrace.log"; then
    agrees "a fresh ltrace log agrees with our recording" "$folder/ltrace.log" \
        "$folder/program"
    ltrace -f -x malloc+calloc+realloc+free@libc.so.6 -tt -T -o "$folder/nested.log" \
        "$folder/program" >/dev/null 2>&1
    agrees "one with libc's inner calls, threads and times does" "$folder/nested.log" \
        "$folder/program"
else
    skip "a fresh ltrace log" "no ltrace here, or it does not see malloc"
fi
plan
