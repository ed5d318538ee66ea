#!/usr/bin/env bash
# A course's allocator from its source: compiled, checked, measured, scored.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
build=${BUILD:-build}
bench=$PWD/$build/snugbench
helper=$PWD/$build/test/helper_lab
sources=$PWD/bench/test/lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
unset CC
mkdir "$TMPDIR"

needs "a course's allocator" cc || exit 0

# N blocks of BYTES, freed at the end; a classic header with that weight.
make_trace() { # FILE N BYTES WEIGHT
    awk -v n="$2" -v bytes="$3" -v weight="$4" 'BEGIN {
        printf "20000000\n%d\n%d\n%d\n", n, 2 * n, weight
        for (i = 0; i < n; i++) print "a", i, bytes
        for (i = 0; i < n; i++) print "f", i
    }' >"$1"
}

make_trace "$work/plain.rep" 100 100 1
"$bench" generate churn -o "$work/churn.rep" -n 20000 --live 500 >"$work/out" 2>&1
cp bench/test/golden/superset.rep "$work/"
quick=(-r 1 -w 1)
verified=(--passes verify)

# The three kinds of allocator, on traces with every kind of request.
for kind in implicit.c explicit.c segregated/mm.c; do
    expect "$kind is correct" 0 out ' 3/3 ' "$bench" replay --mdriver "${verified[@]}" \
        -a "lab=$sources/$kind" "$work/plain.rep" "$work/churn.rep" "$work/superset.rep"
done
! grep -q 'aligns blocks' "$work/err"
report "nothing is said of blocks aligned to 16" $?

# 100 blocks of 16 + 112 bytes behind 8: 10000 of 12808 bytes.
expect "utilization is that of the heap, to the byte" 0 out 'plain +yes +78\.1% ' \
    "$bench" replay --mdriver "${quick[@]}" -a "lab=$sources/eight.c" "$work/plain.rep"
grep -q 'glibc (this machine' "$work/out"
report "libc is there without being asked for" $?
grep -q 'lab aligns blocks to 8 bytes only' "$work/err"
report "blocks aligned to 8 are valid, and told" $?

# The index, from what is printed: 60 * util + 40 * min(1, Kops / Kops of libc).
for kind in implicit.c segregated/mm.c; do
    "$bench" replay --mdriver "${quick[@]}" -a "lab=$sources/$kind" "$work/plain.rep" \
        "$work/churn.rep" >"$work/out" 2>"$work/err"
    awk '/^[a-z]+.*:$/ { who = $1 }
        $1 == "total" { util[who] = $3; kops[who] = $7 }
        /^performance index of lab/ { split($0, part, "[:=/]"); index_ = part[3] }
        END {
            ratio = kops["lab:"] / kops["glibc"]
            wanted = 0.6 * util["lab:"] + 40 * (ratio < 1 ? ratio : 1)
            print "# wanted", wanted, "found", index_
            exit !(index_ > 0 && index_ - wanted < 1 && wanted - index_ < 1)
        }' "$work/out"
    report "the index of $kind is what its figures make" $?
done

# Weights: 400 of 1000 bytes do not count, 200 for util and 300 for Kops.
make_trace "$work/none.rep" 400 1000 0
make_trace "$work/util.rep" 200 1000 2
make_trace "$work/kops.rep" 300 1000 3
expect "weights are heeded" 0 out 'total +4/4 +[0-9.]+% +[0-9.]+% +800 ' \
    "$bench" replay --mdriver "${quick[@]}" -a "lab=$sources/eight.c" \
    "$work/plain.rep" "$work/none.rep" "$work/util.rep" "$work/kops.rep"
# Mean of 10000 / 12808 and 200000 / (8 + 200 * 1024).
grep -qE 'total +4/4 +87\.9%' "$work/out" && grep -q 'weight 0: not in the score' "$work/out"
report "utilization is the mean where it counts" $?

# Broken ones.
expect "overlapping blocks" 1 out 'churn +no .*operation [0-9]+: malloc.*overlaps the live' \
    "$bench" replay --mdriver "${verified[@]}" -a "lab=$sources/overlap.c" \
    "$work/churn.rep"
grep -q 'performance index of lab: 0/100, as it is not valid on 1 of 1' "$work/out"
report "what is not valid has no index" $?
expect "misaligned blocks" 1 out 'operation 1: malloc.*is not aligned to 8' \
    "$bench" replay "${verified[@]}" -a "lab=$sources/misaligned.c" "$work/plain.rep"
mkdir "$work/strict"
cp "$sources/eight.c" "$work/strict/mm.c"
sed 's/ALIGNMENT)/8)/' -i "$work/strict/mm.c"
echo '#define ALIGNMENT 16' >"$work/strict/config.h"
expect "the alignment is that of the student's config.h" 1 out 'not aligned to 16' \
    "$bench" replay "${verified[@]}" -a "lab=$work/strict/mm.c" "$work/plain.rep"
expect "--mdriver needs to know what is valid" 2 err 'needs the verify pass' \
    "$bench" replay --mdriver --passes time -a "lab=$sources/eight.c" "$work/plain.rep"

# As in a course's folder: a blank in the path, a memlib.h that is not ours, CRLF, a team,
# functions called like libc's, and a printf in the middle of it all.
mkdir "$work/my lab"
cd "$work/my lab" || exit 1
echo '#error this memlib.h belongs to another heap' >memlib.h
cp "$sources/../../lab/mm.h" mm.h
sed -e 's/^static void place/void place/' -e 's/place(/insque(/' \
    -e 's/^void \*mm_malloc(size_t size)/#include <stdio.h>\n&/' \
    -e 's/^    char \*block = find(bytes);/    printf("%zu bytes\\n", bytes);\n&/' \
    -e 's/$/\r/' "$sources/implicit.c" >mm.c
expect "a student's folder" 0 out 'lab' \
    "$bench" replay "${verified[@]}" -a lab=./mm.c "$work/plain.rep" "$work/churn.rep"
expect "source by its path alone" 0 out '^ *mm ' \
    "$bench" replay "${verified[@]}" -a ./mm.c "$work/plain.rep"
mkdir good
cp "$sources/implicit.c" good/mm.c
printf '#include "mm.h"\nint mm_init(void) { return 0 }\n' >mm.c
expect "the compiler's errors, under a line of ours" 2 err \
    "^./mm.c:2:.*error: expected" "$bench" replay -a lab=./mm.c "$work/plain.rep"
head -1 "$work/err" | grep -q '^snugbench: cc says of ./mm.c:$' &&
    tail -1 "$work/err" | grep -q "^snugbench: './mm.c' does not compile$"
report "first and last line are ours" $?
sed 's/mm_realloc/mm_resize/' good/mm.c | grep -v '^#include "mm.h"' >mm.c
sed 's/^team_t.*//; 1i #include <stddef.h>' -i mm.c
expect "a function that is missing" 2 err "undefined reference to .mm_realloc" \
    "$bench" replay -a lab=./mm.c "$work/plain.rep"
expect "no source" 2 err "'./none.c'.*No such file" \
    "$bench" replay -a lab=./none.c "$work/plain.rep"
expect "no compiler" 2 err "cannot run the compiler 'nocc'" \
    env CC='nocc -O' "$bench" replay -a lab=good/mm.c "$work/plain.rep"
sed 's/^int mm_init(void)/&{ return -1; }\nint old_init(void)/' good/mm.c >mm.c
expect "mm_init fails" 1 out 'mm_init failed' \
    "$bench" replay "${verified[@]}" -a lab=./mm.c "$work/plain.rep"
cd - >"$work/out" || exit 1

# The library itself, kept by a compiler that copies what it makes.
cat >"$work/cc" <<END
#!/bin/sh
cc "\$@" || exit
while [ "\$1" != -o ]; do shift; done
cp "\$2" "$work/libmm.so"
END
chmod +x "$work/cc"
for kind in implicit.c explicit.c segregated/mm.c; do
    CC=$work/cc "$bench" replay "${verified[@]}" -a "lab=$sources/$kind" "$work/plain.rep" \
        >"$work/out" 2>"$work/err"
    expect "$kind in a program with threads and forks" 0 out 'all is well' \
        timeout 60 env LD_PRELOAD="$work/libmm.so" "$helper"
done
expect "a heap of a given size ends" 1 out 'something was wrong' \
    timeout 60 env SNUGBENCH_LAB_HEAP_BYTES=100000 LD_PRELOAD="$work/libmm.so" "$helper"
nm -D --defined-only "$work/libmm.so" | awk '{ print $3 }' >"$work/out"
! grep -vE '^(malloc|free|calloc|realloc|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|malloc_usable_size|snugbench_lab_.*)$' \
    "$work/out"
report "the student's own names stay inside" $?
: >"$work/err"
expect "micro-benchmarks take it, with threads" 0 out 'lab' "$bench" micro --only local \
    --scale 0.001 -r 1 -a "lab=$sources/segregated/mm.c"

# Nothing stays behind, not even when it is stopped in the middle.
! find "$TMPDIR" -mindepth 1 | grep . >"$work/out"
report "nothing stays in the temporary folder" $?
printf '#!/bin/sh\n: >%s/started\nexec sleep 60\n' "$work" >"$work/cc"
for signal in TERM INT HUP; do
    rm -f "$work/started"
    # Not as a background job of this shell, for which SIGINT would be ignored.
    CC=$work/cc perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$bench" replay \
        -a "lab=$sources/implicit.c" "$work/plain.rep" >"$work/out" 2>"$work/err" &
    child=$!
    await test -e "$work/started"
    find "$TMPDIR" -name mm.c | grep -q . # there is something to be removed
    there=$?
    kill -s "$signal" "$child"
    wait "$child" 2>>"$work/err"
    [ $? -gt 128 ] && [ "$there" -eq 0 ] && ! find "$TMPDIR" -mindepth 1 | grep . >"$work/out"
    report "nothing stays when SIG$signal comes while it compiles" $?
done
: >"$work/err"
"$bench" replay -a "lab=$sources/implicit.c" -r 1000 "$work/churn.rep" \
    >"$work/out" 2>"$work/err" &
child=$!
await grep -q seed "$work/err"
kill -s TERM "$child"
wait "$child"
[ $? -eq 130 ] && ! find "$TMPDIR" -mindepth 1 | grep . >>"$work/out"
report "nothing stays when SIGTERM comes while it measures" $?

plan
