#!/usr/bin/env bash
# The command line of 'snugbench replay' and 'list': exit codes, messages, whole files.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
work=$(mktemp -d)
cleanup() {
    mountpoint -q "$work/full" && umount "$work/full"
    rm -rf "$work"
}
trap cleanup EXIT

from_stdin() {
    "$bench" replay - "$@" <"$trace"
}

onto_full() {
    "$bench" "$@" >/dev/full
}

# A sound trace of N blocks allocated, then freed; the header is right.
make_trace() { # FILE N
    awk -v n="$2" 'BEGIN {
        for (i = 0; i < n; i++) peak += 16 + i % 500
        print peak; print n; print 2 * n; print 1
        for (i = 0; i < n; i++) print "a", i, 16 + i % 500
        for (i = 0; i < n; i++) print "f", i
    }' >"$1"
}

trace=$work/good.rep
make_trace "$trace" 2000
printf 'a 0 10\nf 0\nf 0\n' >"$work/bad.rep"
sed -i '1i 10\n1\n3\n1' "$work/bad.rep"
quick=(-r 1 --passes "verify,time" -w 1)

# Bad usage: code 2, one line, and nothing on stdout.
expect "no trace" 2 err '^snugbench: which trace' "$bench" replay
expect "unknown option" 2 err "^snugbench: there is no option '--bogus'" \
    "$bench" replay --bogus "$trace"
expect "option without its value" 2 err "^snugbench: a value is missing after '-a'" \
    "$bench" replay "$trace" -a
expect "runs must be a number" 2 err "^snugbench: --runs takes a number" \
    "$bench" replay "$trace" -r many
expect "unknown pass" 2 err "^snugbench: --passes takes" \
    "$bench" replay "$trace" --passes verify,speed
expect "latency alone" 0 out 'malloc, 99.9th percentile over 1, ns .*: glibc [0-9]' \
    "$bench" replay "$trace" -a glibc --passes latency -r 1 -o "$work/latency"
grep -q '^"good","glibc","reference","free","to 512 B","' "$work/latency/latency.csv" &&
    grep -q '^"floor","floor","1","malloc",' "$work/latency/latency_curve.csv" &&
    grep -qE '"source": "(rdtscp|clock_gettime)"' "$work/latency/environment.json"
report "latency has its files" $?
[ "$(wc -l <"$work/latency/samples.csv")" -eq 1 ]
report "latency is not among the timed samples" $?
# Counted, not timed. On a machine without counters one line says why they are missing.
expect "counters alone" 0 out '' "$bench" replay "$trace" -a glibc --passes counters -r 1 \
    --export-csv "$work/counters.csv"
[ "$(grep -cE 'counter|perf_event_open' "$work/err")" -le 1 ]
report "counters have at most one line to say" $?
mkdir "$work/no-valgrind"
ln -s "$(command -v env)" "$work/no-valgrind"
expect "callgrind without valgrind" 2 err \
    '^snugbench: valgrind is missing.*; sudo apt-get install valgrind' \
    env PATH="$work/no-valgrind" "$bench" replay "$trace" -a glibc --callgrind
if needs "callgrind" valgrind; then
    expect "callgrind" 0 out 'instructions \(callgrind\)' \
        "$bench" replay "$trace" -a glibc --passes verify --callgrind \
        --export-csv "$work/callgrind.csv"
    ! tail -n 2 "$work/callgrind.csv" | grep -vqE ',"[0-9.]+"$'
    report "callgrind fills its column" $?
    # It needs more address space than valgrind has.
    if "$bench" list | grep -q '^scudo .* /'; then
        expect "what cannot be simulated keeps its row" 0 err \
            'no callgrind pass of scudo: ' "$bench" replay "$trace" -a scudo \
            --passes verify --callgrind --export-csv "$work/callgrind.csv"
        grep -q '"good","scudo","reference","ok",' "$work/callgrind.csv"
        report "which is ok, with an empty cell" $?
    fi
fi
expect "empty pass" 2 err "^snugbench: --passes takes" "$bench" replay "$trace" --passes ""
expect "unknown touch" 2 err "^snugbench: --touch takes" \
    "$bench" replay "$trace" --touch some
expect "min above max" 2 err "min-runs 5 is above --max-runs 4" "$bench" replay "$trace" -m 5 -M 4
expect "standard input twice" 2 err "only once" "$bench" replay - -
expect "unknown allocator" 2 err "no allocator 'fast'; write -a fast=LIBRARY.so" \
    "$bench" replay "$trace" -a fast
expect "missing library" 2 err "cannot read the library '/nowhere/lib.so'" \
    "$bench" replay "$trace" -a "fast=/nowhere/lib.so"
expect "a library that is none" 2 err "'$trace' is no shared library" \
    "$bench" replay "$trace" -a "fast=$trace"
expect "an empty name" 2 err "^snugbench: --output takes a text, not ''" \
    "$bench" replay "$trace" -o ''
closed() { # REDIRECTION COMMAND...
    local redirection=$1
    shift
    eval "\"\$@\" $redirection"
}
printf '%s\n' 16 2 4 1 'a 0 100' 'a 1 200' 'f 0' 'f 1' >"$work/piped.rep"
# Who reads the progress goes away after the first line, or before it; no child of ours
# may outlive its own pipe.
(exec "$bench" replay -a glibc -r 1 -o "$work/piped" "$work/piped.rep" 2>&1) | head -1 >/dev/null
ok "files are written when the pipe of the progress is closed" \
    [ -s "$work/piped/summary.csv" ]
(exec "$bench" compare -a glibc -r 2 -o "$work/kept" -- sh -c 'yes | head -1' 2>&1) | true
ok "so does a comparison of programs, which end by their own pipes" \
    [ -s "$work/kept/compare.csv" ]
expect "a closed standard input" 2 err 'standard input: .*found an error' \
    closed '<&-' "$bench" stat -
expect "a closed standard output" 1 err 'cannot be written: Bad file descriptor' \
    closed '>&-' "$bench" generate churn -n 1000 -o -
expect "allocator twice" 2 err "given twice" "$bench" replay "$trace" -a glibc -a glibc
expect "reference that is not there" 2 err "'mine' is not among the allocators" \
    "$bench" replay "$trace" -a glibc --reference mine
[ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ]
report "an error is one line on stderr" $?
expect "help has examples" 0 out '^examples:' "$bench" replay --help

# Bad input: code 2 before anything is measured or written.
expect "malformed trace" 2 err 'bad.rep:7: expected .*found' \
    "$bench" replay "$trace" "$work/bad.rep" -a glibc "${quick[@]}" \
    --export-csv "$work/none.csv" -o "$work/none"
[ ! -e "$work/none.csv" ] && [ ! -e "$work/none" ] && [ ! -s "$work/out" ]
report "a malformed trace leaves no output" $?
expect "missing trace" 2 err "$work/absent.rep" "$bench" replay "$work/absent.rep"

# A good run.
expect "a good run" 0 out 'glibc' "$bench" replay "$trace" -a glibc -a snug "${quick[@]}" \
    --seed 5 --export-csv "$work/good.csv" -o "$work/dir"
grep -q 'seed: 5$' "$work/err"
report "the seed is shown" $?
[ "$(head -c 7 "$work/good.csv")" = '"trace"' ] && [ "$(wc -l <"$work/good.csv")" -eq 4 ]
report "export-csv: a header and three rows, the floor too" $?
all=0
for file in summary.csv samples.csv timeline.csv syscalls.csv; do
    [ -s "$work/dir/$file" ] || all=1
done
report "output directory holds the files" $all
# Cold and warm, of three allocators, one round.
[ "$(wc -l <"$work/dir/samples.csv")" -eq 7 ]
report "one sample for each process" $?
expect "standard input" 0 out 'glibc' \
    from_stdin -a glibc "${quick[@]}"
expect "csv to standard output" 0 out '^"trace"' \
    "$bench" replay "$trace" -a glibc "${quick[@]}" --export-csv -
! grep -qv '^"' "$work/out"
report "csv to standard output is alone there" $?
expect "reference" 0 out 'v snug' \
    "$bench" replay "$trace" -a glibc -a snug "${quick[@]}" --reference snug

# Notes: on one trace all of them; on several one line for what only is good to know.
printf '9\n2\n3\n1\na 0 10\na 1 0\nf 1\n' >"$work/unfreed.rep"
printf '10\n2\n4\n1\na 0 10\nt 1\na 1 20\nf 0\nt 2\nf 1\n' >"$work/threads.rep"
glibc_verified=(-a glibc --passes verify)
expect "notes on one trace" 0 err "unfreed.rep: Blocks never freed: 1; freed after" \
    "$bench" replay "$work/unfreed.rep" "${glibc_verified[@]}"
grep -q 'unfreed.rep: Requests for 0 bytes: 1;' "$work/err" &&
    ! grep -qE 'traces with (several threads|blocks)' "$work/err"
report "notes on one trace are not summed up" $?
expect "notes on several traces are summed up" 0 err \
    '^snugbench: traces with blocks never freed: 1 of 3; .* outside the figures$' \
    "$bench" replay "$trace" "$work/unfreed.rep" "$work/threads.rep" --threads flat \
    "${glibc_verified[@]}"
! grep -qE 'unfreed.rep:|Requests for 0' "$work/err"
report "notes on several traces are summed up only" $?
[ "$(grep -c 'several threads' "$work/err")" -eq 1 ] && grep -qE \
    '^snugbench: traces with several threads: 1 of 3; flattened .*in one thread' "$work/err"
report "threads are flattened: said once" $?
expect "threads are flattened: said of one trace" 0 err \
    '^snugbench: traces with several threads: 1 of 1; flattened' \
    "$bench" replay "$work/threads.rep" "${glibc_verified[@]}" --threads flat
expect "unknown threads" 2 err '^snugbench: --threads takes recorded or flat' \
    "$bench" replay "$work/threads.rep" --threads many

# Threads as they were recorded: a table of their own, and columns.
# column FILE NAME: of glibc's row.
column() {
    tr -d '"' <"$1" | awk -F , -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $2 == "glibc" { print $at[name] }'
}
expect "threads replay as threads" 0 out '^traces with threads' \
    "$bench" replay "$work/threads.rep" -a glibc -r 1 -w 1 --passes verify,time,memory \
    --export-csv "$work/threads.csv"
! grep -q 'several threads' "$work/err" && grep -qE '^ *threads \(3\) +glibc .*x$' "$work/out"
report "with a row for each allocator" $?
[ "$(column "$work/threads.csv" threads_count)" = 3 ] &&
    [ -n "$(column "$work/threads.csv" scaling_ratio)" ] &&
    [ -n "$(column "$work/threads.csv" warm_waited_ns)" ] &&
    [ "$(column "$work/threads.csv" replay_peak_live_bytes)" -ge 20 ]
report "and the columns of threads" $?
expect "flat has no such table" 0 out 'glibc' \
    "$bench" replay "$work/threads.rep" -a glibc -r 1 -w 1 --passes time --threads flat \
    --export-csv "$work/flat.csv"
! grep -q 'traces with threads' "$work/out" &&
    [ "$(column "$work/flat.csv" threads_count)" = 1 ] &&
    [ -z "$(column "$work/flat.csv" scaling_ratio)" ]
report "and no such columns" $?
printf '9\n7\n2\n9\na 0 9\nf 0\n' >"$work/wrong.rep"
expect "repairs are shown, however many traces" 0 err \
    'wrong.rep: Number of ids: the header says 7, the body has 1; the body is used' \
    "$bench" replay "$trace" "$work/wrong.rep" "${glibc_verified[@]}"
! grep -qE 'traces with' "$work/err"
report "nothing to sum up, no line" $?

# What fails has its own row and the others survive.
cp /bin/true "$work/noalloc.so"
expect "not an allocator" 1 out 'preload failed: malloc comes from' \
    "$bench" replay "$trace" -a "$(printf 'no=%s' "$work/noalloc.so")" -a glibc "${quick[@]}"
grep -qE '^ *glibc +[0-9]' "$work/out"
report "the other row survives" $?

# ptrace is refused where somebody traces already: here strace.
if needs "refused ptrace" strace; then
    expect "refused ptrace" 0 err \
        'system calls are not counted and peaks of memory not measured, as ptrace is refused' \
        strace -f -o /dev/null "$bench" replay "$trace" -a glibc -r 1 -w 1 \
        --passes syscalls,memory,time -o "$work/untraced"
    [ "$(grep -c 'not counted' "$work/err")" -eq 1 ] && grep -qE '^ *glibc +[0-9]' "$work/out"
    report "refused ptrace: one warning, the time survives" $?
    # Without the tracer a peak would be the largest of some samples.
    value() {
        tr -d '"' <"$work/untraced/summary.csv" |
            awk -F , -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
                NR == 2 { print $at[name] }'
    }
    [ -z "$(value utilization_ratio)$(value peak_resident_growth_bytes)" ] &&
        [ -n "$(value resident_after_free_growth_bytes)" ]
    report "refused ptrace: no peaks, what is left in the end is measured" $?
fi

has_had() { # N workers
    pgrep -P "$pid" >>"$work/workers"
    [ "$(sort -u "$work/workers" | wc -l)" -ge "$1" ]
}

# One folder belongs to one run at a time, from its start. Its workers live long enough to
# be seen where they have the one processor for themselves.
"$bench" generate larson -n 20000 -o "$work/larson.rep"
start_long() {
    : >"$work/long.err"
    "$bench" replay "$work/larson.rep" -a glibc --passes time -r 10000 -o "$work/shared" \
        >"$work/long.out" 2>"$work/long.err" &
    pid=$!
    await grep -q seed: "$work/long.err"
}
start_long
expect "a second run into the same folder" 2 err "another run keeps its figures in '$work/shared'" \
    "$bench" replay "$trace" -a glibc "${quick[@]}" -o "$work/shared"
[ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ]
report "a second run into the same folder measures nothing" $?
expect "micro into the same folder" 2 err "another run keeps its figures in '$work/shared'" \
    "$bench" micro --only start --scale 0.001 -r 1 -a glibc -o "$work/shared"
await has_had 5
kill -TERM "$pid"
wait "$pid"
[ $? -eq 130 ] && [ "$(find "$work/shared" -type f | wc -l)" -eq 11 ] &&
    grep -q '"interrupted"' "$work/shared/summary.csv"
report "the first run's files are whole, and nothing else is there" $?
start_long
kill -KILL "$pid"
wait "$pid" 2>/dev/null
expect "a run that was killed leaves the folder free" 0 out 'glibc' \
    "$bench" replay "$trace" -a glibc "${quick[@]}" -o "$work/shared"
expect "a folder in a new folder" 0 out 'glibc' \
    "$bench" replay "$trace" -a glibc "${quick[@]}" -o "$work/new/and/deeper"
[ -s "$work/new/and/deeper/summary.csv" ]
report "is made" $?

# Interrupted in the timed rounds: code 130, whole files, nobody left behind.
"$bench" replay "$work/larson.rep" -a glibc --passes time -r 10000 --export-csv "$work/cut.csv" \
    -o "$work/cut" >"$work/out" 2>"$work/err" &
pid=$!
rm "$work/workers"
await has_had 12
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" -eq 130 ] && grep -q 'interrupted' "$work/out"
report "interrupted: code 130 and a table that says so" $?
grep -q '"interrupted"' "$work/cut.csv" && [ "$(wc -l <"$work/cut/samples.csv")" -gt 5 ]
report "interrupted: samples so far are written" $?
! tail -n 1 "$work/cut/samples.csv" | grep -qv '"$'
report "interrupted: the last line is whole" $?
! ps -o comm= -p "$(paste -sd , "$work/workers")" | grep -q snugbench
report "interrupted: no worker left" $?
"$bench" generate churn -n 2000000 -o "$work/long.rep"
cp "$work/cut.csv" "$work/before.csv"
: >"$work/err"
"$bench" replay "$work/long.rep" -a glibc -a snug --export-csv "$work/cut.csv" -o "$work/never" \
    >"$work/out" 2>"$work/err" &
pid=$!
await grep -q seed: "$work/err"
kill -TERM "$pid"
wait "$pid"
[ $? -eq 130 ] && grep -q 'before anything was measured' "$work/err" && [ ! -s "$work/out" ]
report "interrupted at once: said" $?
cmp "$work/cut.csv" "$work/before.csv" && [ ! -e "$work/never" ]
report "interrupted at once: nothing is written" $?

# Outputs that cannot be written.
expect "unwritable csv" 2 err "cannot write '$work/nowhere/x.csv'" \
    "$bench" replay "$trace" -a glibc "${quick[@]}" --export-csv "$work/nowhere/x.csv"
[ ! -s "$work/out" ]
report "unwritable csv is found before measuring" $?
expect "csv onto a directory" 2 err "cannot write" \
    "$bench" replay "$trace" -a glibc "${quick[@]}" --export-csv "$work"
expect "full standard output" 1 err 'cannot write the table' \
    onto_full replay "$trace" -a glibc "${quick[@]}"
expect "full csv" 1 err "cannot write '?/dev/full" \
    "$bench" replay "$trace" -a glibc "${quick[@]}" --export-csv /dev/full
mkdir "$work/full"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=8k none "$work/full" 2>/dev/null; then
    expect "full disk" 1 err 'No space left' \
        "$bench" replay "$trace" -a glibc -r 1 -w 1 --passes memory,time -o "$work/full/out"
    [ -z "$(ls -A "$work/full")" ]
    report "full disk: nothing half-written, no directory" $?
else
    skip "full disk" "needs root and mount"
fi

# A limit on file size is met by a write, and said.
limited() { # KIB COMMAND...
    local kib=$1
    shift
    (ulimit -f "$kib" && "$@")
}
onto_long() {
    limited 1024 "$bench" "$@" >>"$work/long"
}
head -c 1M /dev/zero >"$work/long"
expect "file size limit: list" 1 err 'cannot write .*: File too large' onto_long list
expect "file size limit: generate" 2 err 'File too large' \
    limited 64 "$bench" generate churn -n 1000 -o "$work/churn.rep"
expect "file size limit: replay" 2 err 'File too large' \
    limited 64 "$bench" replay "$trace" "${glibc_verified[@]}"
expect "file size limit: still ends recorded programs" 153 err 'ended by signal 25' \
    limited 70000 "$bench" record -o "$work/dd.rep" -- \
    dd if=/dev/zero of="$work/zeroes" bs=1 count=1 seek=80M
rm -f "$work/long" "$work/zeroes"

# list
expect "list" 0 out '^snug +- +/.*libsnug.so$' "$bench" list
grep -qE '^glibc +[0-9.]+ ' "$work/out"
report "list shows the version of the libc" $?
expect "list takes no arguments" 2 err "list takes no argument 'x'" "$bench" list x
expect "list on a full disk" 1 err 'cannot write' \
    onto_full list

plan
