#!/usr/bin/env bash
# snugbench record --follow-fork: one trace a process.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
snugbench=${BUILD:-build}/snugbench
helper=${BUILD:-build}/test/helper_record
overtake=${BUILD:-build}/test/helper_overtake
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

# ---- processes that are faster than snugbench looks ----

# has_all NAME FILE SIZES...: the trace has an operation of each size, and no drops
has_all()
{
    local file=$work/$1/$2 size
    shift 2
    for size; do
        grep -q "^a [0-9]* $size$" "$file" || return 1
    done
    ! grep -q Dropped "$file"
}
export TRACE=$work/overtaken/t.2-helper_overtake.rep
follow overtaken "$overtake" overtaken
[ "$code" -eq 0 ] && has_all overtaken t.2-helper_overtake.rep 5201 5202
report "what is live in a child that ends before its parent's calls are read" $?

follow chain "$overtake" fork-exec
[ "$code" -eq 0 ] && has_all chain t.3-helper_overtake.rep 5301 5302 5303 &&
    [ "$(cd "$work/chain" && echo *)" = \
        't.2-helper_overtake.rep t.3-helper_overtake.rep t.rep' ]
report "in one whose parent has become another program by then" $?

mkdir "$work/bounded"
# shellcheck disable=SC2016 # expanded by the inner shell
"$snugbench" record --follow-fork --max-ops 5 -o "$work/bounded/t.rep" -- \
    sh -c '(until [ -e "$0" ] || ! kill -0 $PPID; do :; done; exec ls / >/dev/null); :' \
    "$work/bounded/t.2-sh.rep" >"$work/out" 2>"$work/err" </dev/null
[ "$(cd "$work/bounded" && echo *)" = 't.2-ls.rep t.rep' ] && ! grep -q earlier "$work/err"
report "a trace is finished, and its process becomes another program: that one's" $?

if needs "namespaces" pid-namespaces; then
    # Processes 1 and 2 of each. Dash ends without destructors.
    # shellcheck disable=SC2016
    follow spaces sh -c 'for i in 1 2 3; do unshare -rpf sh -c "ls / >/dev/null; :"; done'
    [ "$code" -eq 0 ] && [ "$(cd "$work/spaces" && echo *-sh.rep *-ls.rep | wc -w)" -eq 6 ]
    report "processes of the same pids, in one namespace after another" $?
    mkfifo "$work/meet" "$work/part"
    # shellcheck disable=SC2016
    follow beside sh -c 'unshare -rpf sh -c "ls / >/dev/null; echo >\$0; read x <\$1" "$@" &
        read x <"$1"
        unshare -rpf sh -c "ls / >/dev/null; :"
        echo >"$2"
        wait' sh "$work/meet" "$work/part"
    [ "$code" -eq 0 ] && [ "$(cd "$work/beside" && echo *-sh.rep *-ls.rep | wc -w)" -eq 4 ]
    report "in two at a time" $?
fi

if needs "a pid twice" chosen-pids; then
    mkdir "$work/twice"
    unshare -rpf --mount-proc "$snugbench" record --follow-fork -o "$work/twice/t.rep" -- \
        "$overtake" pass-on-pid >"$work/out" 2>"$work/err" </dev/null &&
        has_all twice t.3-helper_overtake.rep 5401 5402
    report "a process that has the pid that the program had" $?
    mkdir "$work/share"
    # The shell is process 1, which nothing stops.
    # shellcheck disable=SC2016
    unshare -rpf --mount-proc sh -c '"$@"; exit $?' sh \
        "$snugbench" record --follow-fork -o "$work/share/t.rep" -- "$overtake" share-pid \
        >"$work/out" 2>"$work/err" </dev/null &&
        has_all share t.2-helper_overtake.rep 5501 && has_all share t.3-helper_overtake.rep 5502
    report "two processes that have one pid before they are looked at" $?
fi

if needs "a child that is slow to begin" gcc; then
    echo '#include <pthread.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void sleep_some(void) { usleep(200000); }
        __attribute__((constructor)) static void begin(void)
        {
            if (getenv("SLOW_START") != NULL) {
                sleep_some();
            }
            if (getenv("SLOW") != NULL) {
                pthread_atfork(NULL, NULL, sleep_some);
            }
        }' | gcc -shared -fPIC -x c -o "$work/slow.so" -
    LD_PRELOAD=$work/slow.so follow slow env SLOW=1 \
        sh -c '(sleep 1.5; (ls / >/dev/null) &) &'
    [ "$code" -eq 0 ] && [ -e "$work/slow/t.4-ls.rep" ]
    report "a daemon's child that is slow to begin" $?
    LD_PRELOAD=$work/slow.so follow spawn "$overtake" spawn
    [ "$code" -eq 0 ] && has_all spawn t.rep 5601 && has_all spawn t.2-helper_overtake.rep 5602
    report "a program that is spawned by one that ends at once" $?
fi

# ---- daemons ----

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
