#!/usr/bin/env bash
# The micro-benchmarks: every case once at a tiny scale, the shape of micro.csv, what a
# broken allocator does to the others, and bad usage.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

micro() { "$BUILD/snugbench" micro --scale 0.002 "$@" >"$dir/table" 2>"$dir/errors"; }

# cells FILTER COLUMN: that column of the rows for which the awk expression holds; name
# columns as c["name"]. No field here holds a comma.
cells()
{
    awk -F, -v column="$2" '
        { gsub(/"/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        '"$1"' { print $c[column] }' "$dir/out/micro.csv"
}

# Every line is a number above 0, and there are as many as wanted.
positive() { awk -v wanted="$1" '!($1 > 0) { bad = 1 } END { exit bad || NR != wanted }'; }

usage_error()
{
    micro "$@"
    [ $? -eq 2 ] && [ "$(grep -c '^snugbench: ' "$dir/errors")" -eq 1 ]
}

micro -r 2 -a snug -a glibc -o "$dir/out"
ok "every benchmark runs under glibc and snug" [ $? -eq 0 ]
rows=$(cells 1 allocator | wc -l)
ok "39 cases, two allocators" [ "$rows" -eq 78 ]
ok "all are fine" [ "$(cells 1 status | sort -u)" = ok ]
ok "all have a time" positive 78 < <(cells 1 ns_per_op)
ok "of two rounds" [ "$(cells 1 rounds_count | sort -u)" = 2 ]
ok "the interval holds the figure" \
    [ -z "$(paste <(cells 1 ns_per_op_low) <(cells 1 ns_per_op) <(cells 1 ns_per_op_high) |
        awk '$1 > $2 || $2 > $3')" ]
ok "all have a peak" [ "$(cells 1 peak_resident_growth_bytes | grep -c .)" -eq 78 ]
# The others hold so little at this scale that it may be less than the floor's page.
ok "those with many blocks have grown" positive 26 \
    < <(cells '$c["benchmark"] ~ /^(medium|realloc|local|mixed|cross|give-back)$/' \
        peak_resident_growth_bytes)
ok "growth has its worst operation" positive 8 \
    < <(cells '$c["benchmark"] == "growth"' worst_op_ns)
ok "and no other has" [ -z "$(cells '$c["benchmark"] != "growth"' worst_op_ns | tr -d '\n')" ]
ok "start counts pages" positive 2 < <(cells '$c["benchmark"] == "start"' minor_faults_count)
# 64 MiB whatever the scale, every page of it written; less what an empty program has under
# the floor, which may be some pages more than what the allocator has beside the buffer.
ok "a buffer of 64 MiB is seen" [ -z "$(cells '$c["parameter"] ~ /^doubling/' \
    peak_resident_growth_bytes | awk '$1 < 62 * 1024 * 1024')" ]
ok "threads are told" [ "$(cells '$c["benchmark"] == "local" && $c["allocator"] == "snug"' \
    threads | tr '\n' ' ')" = "1 2 4 8 " ]
ok "the reference is glibc" \
    [ "$(cells '$c["speed_verdict"] == "reference"' allocator | sort | uniq -c |
        awk '{ print $1 $2 }')" = 39glibc ]
ok "the table names every benchmark" \
    [ "$(grep -cE '^  (medium|growth|realloc|local|mixed|producer-consumer|cross) ' "$dir/table")" -eq 18 ]
if needs "charts" gnuplot; then
    ok "charts are drawn without a complaint" \
        [ -z "$("$BUILD/snugbench" report "$dir/out" 2>&1 >/dev/null)" ]
    for chart in micro micro-scaling; do
        ok "$chart.png" [ -s "$dir/out/$chart.png" ]
        ok "$chart.svg" [ -s "$dir/out/$chart.svg" ]
    done
fi

cat >"$dir/crash.c" <<'C'
/* Dies in the growth of a buffer, and nowhere else. */
void *__libc_malloc(unsigned long bytes);
void *__libc_realloc(void *block, unsigned long bytes);
void __libc_free(void *block);
void *malloc(unsigned long bytes) { return __libc_malloc(bytes); }
void free(void *block) { __libc_free(block); }
void *realloc(void *block, unsigned long bytes)
{
    if (bytes > 1000)
        __builtin_trap();
    return __libc_realloc(block, bytes);
}
C
gcc -shared -fPIC -fno-builtin -o "$dir/libcrash.so" "$dir/crash.c"
micro -r 2 --only realloc,medium -a glibc -a broken="$dir/libcrash.so" -o "$dir/out"
ok "a crash fails the run" [ $? -eq 1 ]
ok "it is named" grep -q 'broken .*crashed: SIG' "$dir/table"
ok "and has no figures" [ -z "$(cells '$c["status"] == "crashed"' ns_per_op | tr -d '\n')" ]
ok "its other cases survive" positive 2 \
    < <(cells '$c["allocator"] == "broken" && $c["benchmark"] == "medium"' ns_per_op)
ok "and the other allocators" positive 4 < <(cells '$c["allocator"] == "glibc"' ns_per_op)
# At a size at which there is something to see: a fifth of 100 MiB, half of a second.
"$BUILD/snugbench" micro --scale 0.2 -r 1 --only server -a glibc -a snug -o "$dir/out" >"$dir/table" 2>"$dir/errors"
after() { cells '$c["parameter"] == "'"$1"'" && $c["allocator"] == "snug"' resident_after_growth_bytes; }
ok "a store grows when it is refilled with larger values" [ "$(after refilled)" -gt "$(after filled)" ]
ok "and what snug keeps of a flushed one is less" [ "$(after flushed)" -lt "$(($(after filled) / 2))" ]
micro -r 1 --only start -a none="$BUILD/test/libbroken-none.so"
ok "a library without malloc is no allocator" grep -q 'preload failed: malloc comes from' "$dir/table"

if needs "charts of some benchmarks" gnuplot; then
    for only in start local growth; do
        mkdir "$dir/$only"
        "$BUILD/snugbench" micro --scale 0.001 -r 1 --only $only -a glibc -a snug \
            -o "$dir/$only" >"$dir/table" 2>"$dir/errors"
        ok "charts of $only alone are no complaint" \
            [ -z "$("$BUILD/snugbench" report "$dir/$only" 2>&1 >/dev/null)" ]
    done
fi

ok "unknown benchmark" usage_error --only medium,nothing
ok "its message lists them" grep -q "no benchmark 'nothing'; write one of: medium growth" "$dir/errors"
ok "unknown allocator" usage_error -a nothing
ok "rounds are a number" usage_error -r 0
ok "scale is at most 1" usage_error --scale 2
ok "no arguments" usage_error medium
ok "the reference must run" usage_error -a glibc --reference snug
plan
