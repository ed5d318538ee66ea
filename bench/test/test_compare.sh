#!/usr/bin/env bash
# snugbench compare on tiny programs, from end to end.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
export BUILD=${BUILD:-build}
bench=$(realpath "$BUILD")/snugbench
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Its temporary files and nobody else's: some tests ask whether any is left.
export TMPDIR=$dir/tmp
mkdir "$TMPDIR"

# Recorded and replayed is what has a section of its own, below.
without=--no-replay
compare()
{
    timeout 120 "$bench" compare $without "$@" >"$dir/out" 2>"$dir/errors" </dev/null
}
two() { compare -a glibc -a snug --runs 2 "$@"; }

# One line on standard error that says this, exit code 2, and nothing measured.
refused()
{
    local expected=$1
    shift
    compare "$@"
    [ $? -eq 2 ] && [ "$(wc -l <"$dir/errors")" -eq 1 ] && [ ! -s "$dir/out" ] &&
        grep -qE "$expected" "$dir/errors"
}

# cell ALLOCATOR COLUMN of compare.csv
cell()
{
    python3 -c 'import csv, sys
for row in csv.DictReader(open(sys.argv[1])):
    if row["allocator"] == sys.argv[2]:
        print(row[sys.argv[3]])' "$dir/run/compare.csv" "$1" "$2"
}

cat >"$dir/program.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* MIB in blocks of this process, and as much in a child if there is a second word. */
int main(int count, char **words)
{
    const size_t bytes = strtoul(words[1], NULL, 10) << 20;
    char *block = malloc(bytes);
    memset(block, 1, bytes);
    if (count > 2) {
        if (fork() == 0) {
            char *own = malloc(bytes);
            memset(own, 2, bytes);
            usleep(50000);
            _exit(own[bytes / 2] != 2);
        }
        wait(NULL);
    }
    const char *preload = getenv("LD_PRELOAD");
    if (getenv("TELL") != NULL)
        puts(preload != NULL ? preload : "none");
    if (getenv("MUST_BE_BARE") != NULL && preload != NULL)
        abort();
    printf("%d\n", block[bytes / 2]);
    return 0;
}
C
gcc -O1 -fno-builtin -o "$dir/program" "$dir/program.c" || exit 1
gcc -O1 -fno-builtin -static -o "$dir/static" "$dir/program.c" || exit 1
gcc -O1 -fno-builtin -rdynamic -o "$dir/own" -xc - <<'C' || exit 1
#include <stddef.h>
static char room[1 << 20];
static size_t used;
void *malloc(size_t bytes) { used += (bytes + 15) & ~(size_t)15; return room + used; }
void free(void *block) { (void)block; }
int main(void) { return malloc(1) == NULL; }
C

# ---- what cannot be measured is said before anything runs ----

ok "no program" refused 'compare what' --runs 2
ok "a program without --" refused 'is a program, not a trace: write .snugbench compare -- ' \
    "$dir/program" 1
ok "a trace behind --" refused 'a trace is compared without the' -- "$dir/program.c"
ok "a program that is not there" refused "cannot run 'no-such-thing'" --runs 2 -- no-such-thing
ok "a line for a shell" refused "No such file.*: sh -c 'LINE'$" --runs 2 -- 'true | true'
ok "a folder" refused "cannot run '$dir': [^;]*$" --runs 2 -- "$dir"
: >"$dir/no-program"
ok "a file without permission" refused "'--', a script wants chmod" --runs 2 -- "$dir/no-program"
ok "a static program" refused 'static.* is linked statically' -- "$dir/static" 1
ok "a program with its own malloc" refused 'defines malloc itself' -- "$dir/own"
if [ "$(id -u)" -eq 0 ]; then
    cp "$dir/program" "$dir/privileged"
    chown nobody "$dir/privileged" && chmod u+s "$dir/privileged"
    ok "a set-user-ID program" refused 'set-user-ID' -- "$dir/privileged" 1
else
    skip "a set-user-ID program" "not root"
fi
for export in csv json markdown; do
    ok "no place for $export" refused "cannot write '.*/none/x': No such file" \
        --export-$export "$dir/none/x" -- "$dir/program" 1
done
ok "no place for the program's output" refused "cannot write '.*/none/x': No such file" \
    --output "$dir/none/x" -- "$dir/program" 1
ok "two exports into one" refused "two exports into one file" \
    --export-csv - --export-json - -- "$dir/program" 1
ok "no name of a program" refused "the program's name is empty" -- ''
ok "numbers of runs that contradict each other" refused '.-min-runs 7 is above --runs 3;' \
    -r 3 -m 7 -- true
ok "an unknown allocator" refused "no allocator 'nothing'" -a nothing -- true
ok "a library without malloc" refused 'libm.so.6. defines no malloc' \
    -a glibc -a none=/lib/x86_64-linux-gnu/libm.so.6 -- true
ok "a reference that does not run" refused 'reference' -a glibc --reference snug -- true
ok "a shell" refused 'without a shell' --shell bash -- true
ok "a load without a way to know when" refused 'needs --ready' --load true -- true
ok "an expression that is none" refused 'no regular expression' \
    --load true --ready true --load-metric '(' -- true
ok "an input that is not there" refused "cannot read '/nowhere'" --input /nowhere -- cat
mkfifo "$dir/pipe"
exec 7<>"$dir/pipe"
ok "an input that only one run could read" refused 'is a pipe, which only the first run' \
    -a glibc --timeout 1 --input "$dir/pipe" -- cat
exec 7>&-
"$bench" compare --help | grep -q '^  snugbench compare -- ./app'
ok "help has examples" [ $? -eq 0 ]

needs "the runs" hyperfine python3 || exit 0
mkdir "$dir/bin"
for tool in bash sh env true; do ln -s "$(type -P $tool)" "$dir/bin"; done
PATH=$dir/bin "$bench" compare -- true >"$dir/out" 2>"$dir/errors"
ok "no hyperfine" [ $? -eq 2 ]
ok "and what to do" grep -q 'apt install hyperfine' "$dir/errors"

# ---- a whole comparison ----

two -- true $'\xff'
ok "an argument that hyperfine does not take" \
    grep -q 'failed: hyperfine takes no bytes .*; put the command into a script' "$dir/out"
two -o "$dir/run" --seed 7 -- "$dir/program" 64
ok "a comparison ends well" [ $? -eq 0 ]
ok "the answer is above the table" \
    [ "$(grep -nE '^ +allocator +time' "$dir/out" | cut -d: -f1)" -gt 2 ]
ok "the seed is told" grep -q 'seed: 7' "$dir/errors"
for file in compare.csv samples.csv memory.csv compare.json answer.txt environment.json; do
    ok "$file" [ -s "$dir/run/$file" ]
done
ok "nothing is left aside" [ -z "$(find "$dir/run" -name '.*.tmp')" ]
for allocator in glibc snug; do
    peak=$(cell $allocator peak_resident_bytes)
    ok "the peak under $allocator is that of 64 MiB" \
        [ "$((peak >> 20))" -ge 64 ] && [ "$((peak >> 20))" -lt 75 ]
    ok "two runs are timed under $allocator" [ "$(cell $allocator runs_count)" = 2 ]
done
ok "two rounds give no verdict" [ "$(cell snug speed_verdict)" = 'too few rounds' ]
ok "the JSON is JSON" python3 -m json.tool "$dir/run/compare.json" "$dir/json"
if command -v gnuplot >/dev/null; then
    "$BUILD/snugbench" report "$dir/run" >"$dir/said"
    ok "charts are drawn" [ $? -eq 0 ]
    ok "of memory" [ -s "$dir/run/memory.png" ]
    ok "and of times" [ -s "$dir/run/live.png" ]
    ok "the page has milliseconds, too" grep -q '<span class="faint">ms</span>' \
        "$dir/run/report.html"
    ok "the page begins with the answer" grep -qF "<p class=\"answer\">$(
        head -n 1 "$dir/run/answer.txt" | sed "s/'/\&#39;/g"
    )</p>" "$dir/run/report.html"
fi

two -o "$dir/run" -- "$dir/program" 32 too
ok "two processes: the peak is of both" [ "$(($(cell snug peak_resident_bytes) >> 20))" -ge 90 ]
ok "two processes are seen" [ "$(cell snug processes_count)" = 2 ]

compare -a tell=snug,TELL=1 --runs 1 --output "$dir/told" -- "$dir/program" 1
ok "the preload and a variable reach the program" grep -q 'libsnug\.so' "$dir/told"
compare --runs 1 -a glibc --export-csv - -- "$dir/program" 1
ok "data on standard output has it for itself" [ "$(head -c 11 "$dir/out")" = '"allocator"' ]
compare --runs 1 -a glibc --export-json "$dir/x.json" --export-markdown - -- "$dir/program" 1
ok "Markdown" [ "$(sed -n 5p "$dir/out" | cut -c -9)" = '| glibc |' ]
compare --runs 1 -a 'a|b=snug' --reference 'a|b' --export-markdown - -- "$dir/program" 1
ok "a bar in a name does not end its cell" grep -qF '| a\|b | ' "$dir/out"
ok "and its schema, in a comment" \
    [ "$(sed -nE '1s/^<!-- .*schema_version ([0-9]+) -->$/\1/p' "$dir/out")" = "$(
        python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["schema_version"])' \
            "$dir/x.json"
    )" ]
ok "JSON" python3 -m json.tool "$dir/x.json" "$dir/json"
mkdir "$dir/a b" && cp "$BUILD/libsnug.so" "$dir/a b"
compare --runs 1 -a blank="$dir/a b/libsnug.so" -- grep -q "$dir/a b/libsnug.so" /proc/self/maps
ok "a library with a blank in its path is loaded" [ $? -eq 0 ]
printf 'b\na\n' >"$dir/words"
compare --runs 1 -a glibc --input "$dir/words" --output "$dir/sorted" -- sort
ok "standard input" [ "$(tr -d '\n' <"$dir/sorted")" = ab ]
two --setup "echo s >>$dir/hooks" --prepare "echo p >>$dir/hooks" \
    --conclude "echo c >>$dir/hooks" --cleanup "echo e >>$dir/hooks" -- true
# Two candidates: a warm-up, two timed rounds, two more for memory.
ok "hooks" [ "$(tr -d '\n' <"$dir/hooks")" = "s$(printf 'pc%.0s' {1..10})e" ]

# ---- what fails ----

compare -a glibc -a snug --runs 2 -o "$dir/run" -- env MUST_BE_BARE=1 "$dir/program" 1
ok "a row that fails fails the command" [ $? -eq 1 ]
ok "the row says why" grep -qE '^ +snug .*failed: .*SIGABRT' "$dir/out"
ok "the other is measured" [ "$(cell glibc status)" = ok ]
two -- sh -c 'echo this is why >&2; exit 3'
ok "what fails under glibc fails" [ $? -eq 1 ]
ok "and that comes first" [ "$(head -n 1 "$dir/out")" = \
    'The program fails under glibc, which is what it has now: exit code 3: this is why.' ]
two -i -- sh -c 'exit 3'
ok "exit codes may be ignored" [ $? -eq 0 ]
two --cleanup 'exit 5' -- true
ok "a cleanup that fails fails the command" [ $? -eq 1 ]
ok "and is told, with its exit code" grep -q 'snugbench: --cleanup failed: exit code 5$' "$dir/errors"
compare --programs <(echo 'true: true') --runs 1 -a glibc --cleanup 'exit 5'
ok "of several programs, too" [ $? -eq 1 ]
compare -a glibc -a snug --budget 0.5 -o "$dir/run" -- sleep 0.2
ok "a budget that is too short is told" \
    grep -q '^The budget of 0.5 s was not kept: .*, and 5 rounds of 2 allocators' "$dir/out"
ok "memory has had one look" [ "$(cell snug memory_runs_count)" = 1 ]
ok "and no interval" grep -q 'One run of each, .* from 5 % on' "$dir/out"
two --timeout 0.3 -- sleep 20
ok "a timeout is told" grep -q 'timed out after 0.3 s' "$dir/out"
ok "and what a server wants" grep -q '^  A server is stopped after its load: ' "$dir/out"
ok "the others are not waited for" grep -q 'not run: glibc timed out' "$dir/out"
compare -a glibc -a tell=snug,TELL=1 --runs 2 --check-output -- env TELL=1 "$dir/program" 1
ok "other output fails" [ $? -eq 1 ]
ok "and is told" grep -q 'its standard output is not that of glibc' "$dir/out"
two --check-output -- "$dir/program" 1
ok "the same output does not" [ $? -eq 0 ]
# shellcheck disable=SC2016 # expanded by the program
two --check-output -- sh -c 'echo $$'
ok "nor output that is another in each run" [ $? -eq 0 ]
ok "and that is told" grep -q 'under glibc itself: --check-output says nothing' "$dir/errors"

two -- sh -c 'sleep 0.7 &'
ok "a program that goes into the background is told" \
    grep -q '^It leaves processes running when it ends' "$dir/out"
two -- sh -c 'true | true'
ok "one that waits for its children is not" [ "$(grep -c 'leaves processes' "$dir/out")" = 0 ]
SNUG_DEBUG=check two -- "$dir/program" 1
ok "a setting from outside is told" grep -q 'SNUG_DEBUG is set here' "$dir/errors"
"$bench" compare --no-replay -a glibc --runs 1 -- true <"$dir/program.c" >"$dir/out" 2>"$dir/errors"
ok "an input that the program does not get is told" grep -q 'is a file, which the program' \
    "$dir/errors"
(unset SNUG_DEBUG && two -- "$dir/program" 1)
ok "without one nothing is" [ "$(grep -c 'is set here' "$dir/errors")" = 0 ]

ln -sf "$(realpath "$BUILD/libsnug.so")" "$dir/linked.so"
LD_PRELOAD=$dir/linked.so two -- "$dir/program" 1
ok "an allocator of the user's own LD_PRELOAD is told as that" grep -q \
    '^glibc: nothing is preloaded, but LD_PRELOAD as it is set here brings libsnug.so' \
    "$dir/out"
ok "before the answer, too" grep -q '^What glibc stands for: nothing' <(head -1 "$dir/out")

# ---- what was measured is kept, whatever becomes of the table ----

"$bench" compare -a glibc --runs 1 -o "$dir/piped" -- "$dir/program" 1 2>"$dir/errors" | true
ok "a reader that goes away costs no file" [ -s "$dir/piped/compare.csv" ]
ok "and leaves no recording behind" [ -z "$(find "$TMPDIR" -name '*.rep')" ]
two -o "$dir/gone" --cleanup "rm -r $dir/gone; touch $dir/gone" -- "$dir/program" 1
ok "files that cannot be written fail the command" [ $? -eq 1 ]
ok "and are not said to be there" [ "$(grep -c 'All that was measured' "$dir/out")" = 0 ]
two -o "$dir/run" -- sh -c "$dir/static 1; true"
ok "a child without the preload is named" \
    grep -qE '^snug: 1 of [0-9]+ processes ran without the preload, first .*static \(static\)' \
    "$dir/out"
ok "in the answer, before all that is said of speed" grep -qE \
    '^Not all of it is compared: 1 of .*static \(static\), under snug; ' \
    <(head -1 "$dir/run/answer.txt")
ok "and in the JSON" [ "$(python3 -c 'import json, sys
print(*json.load(open(sys.argv[1]))["answer"]["not_in_every_process"])' "$dir/run/compare.json")" = snug ]

"$bench" compare -a glibc -a snug --min-runs 100 -o "$dir/run" -- \
    sh -c "echo >>$dir/begun; exec sleep 0.2" >"$dir/out" 2>"$dir/errors" &
pid=$!
begun() { [ "$(wc -l <"$dir/begun")" -ge "$1" ]; } 2>/dev/null
await begun 10
kill -TERM $pid # a shell lets its background jobs ignore SIGINT
wait $pid
ok "an interrupt ends with 130" [ $? -eq 130 ]
ok "what was measured is shown" grep -qE '^ +snug +[0-9]{3}' "$dir/out"
ok "and written" [ "$(cell glibc runs_count)" -ge 1 ]

cp "$dir/run/compare.csv" "$dir/before.csv"
"$bench" compare -a glibc -a snug -o "$dir/run" -- \
    sh -c "echo >$dir/slept; exec sleep 60" >"$dir/out" 2>"$dir/errors" &
pid=$!
await [ -e "$dir/slept" ]
kill -TERM $pid
wait $pid
ok "an interrupt before the first run is over, too" [ $? -eq 130 ]
ok "is told" grep -q 'before anything was measured; nothing is written' "$dir/errors"
"$bench" compare -a glibc --setup "echo >$dir/set; exec sleep 60" -- true >"$dir/out" \
    2>"$dir/errors" &
pid=$!
await [ -e "$dir/set" ]
kill -TERM $pid
wait $pid
ok "one while it is set up, too" [ $? -eq 130 ]
ok "the files of before stay" cmp "$dir/run/compare.csv" "$dir/before.csv"

# ---- the allocator's part ----

cat >"$dir/blocks.c" <<'C'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
    static void *blocks[1000];
    (void)words;
    for (size_t i = 0; i < 200000; i++) {
        free(blocks[i % 1000]);
        blocks[i % 1000] = malloc(16 + i % 777);
    }
    if (count > 1 && fork() == 0)
        _exit(0);
    wait(NULL);
    if (getenv("NAP") != NULL)
        usleep(300000);
    return 0;
}
C
gcc -O0 -fno-builtin -o "$dir/blocks" "$dir/blocks.c" || exit 1
without=
two -a other=snug,SNUG_TEST=1 -o "$dir/run" -- "$dir/blocks"
ok "a program is recorded and replayed" grep -q \
    '^Replayed, malloc, free and first touches take .* of glibc' "$dir/out"
ok "its memory is told apart" grep -qE '^Of [0-9.]+ MiB under glibc ' "$dir/out"
ok "what was replayed is kept" [ "$(grep -c '"program"' "$dir/run/replay/summary.csv")" = 4 ]
ok "with the variables" grep -q SNUG_TEST=1 "$dir/run/replay/environment.json"
ok "the part is in the table for programs" [ -n "$(cell other own_cost_s)" ]
NAP=1 two -- "$dir/blocks"
ok "its part is one of processor time where it waits" grep -qE \
    '^Replayed, .* ms of processor time \([0-9]+ %; it takes [0-9.]+ m?s in all' "$dir/out"
two -- env -i "$dir/blocks"
ok "what exec leaves unrecorded is not told as the whole" grep -qE \
    '^Not replayed: it (becomes another program by exec|ended under another name)' "$dir/out"
cat >"$dir/renamed.c" <<'C'
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(void)
{
    prctl(PR_SET_NAME, "worker");
    free(malloc(100));
    _exit(0);
}
C
gcc -O0 -fno-builtin -o "$dir/renamed" "$dir/renamed.c" || exit 1
two -- "$dir/renamed"
ok "one that gives itself a name is not said to exec" [ "$(grep -c 'it becomes another' "$dir/out")" = 0 ]
compare -a glibc --runs 1 -o "$dir/half" --cleanup "touch $dir/half/replay" -- \
    "$dir/blocks"
ok "a replay that cannot be written fails the command" [ $? -eq 1 ]
ok "with its reason" grep -q "^snugbench: cannot .*$dir/half/replay" "$dir/errors"
ok "the rest is there" [ -s "$dir/half/compare.csv" ]
ok "and not all is said to be" [ "$(grep -c 'All that was measured' "$dir/out")" = 0 ]
LD_PRELOAD=$dir/linked.so two -o "$dir/run" -- "$dir/blocks"
ok "libc's part is not told of a program that brings another" [ -z "$(cell glibc own_cost_s)" ]
ok "not in words either" [ "$(grep -cE '^(Replayed|Of )' "$dir/out")" = 0 ]
ok "the others have theirs" [ -n "$(cell snug own_cost_s)" ]
compare -a glibc --runs 1 -- "$dir/blocks" too
ok "one of two processes is recorded" grep -q \
    'of the first of its 2 processes (blocks), which alone is recorded, take' "$dir/out"
ok "and of the other nothing is claimed" [ "$(grep -c 'no allocator can' "$dir/out")" = 0 ]
compare -a glibc --runs 1 --budget 0.05 --setup 'sleep 1' -- \
    sh -c 'case $LD_PRELOAD in *record*) sleep 9 ;; esac'
ok "too little time to record it is no --timeout" grep -qE \
    '^Not replayed: recording it takes longer than the 0\.[0-9]+ s .* of the budget' "$dir/out"
printf '#include <unistd.h>\n#include <sys/wait.h>\n%s\n' \
    'int main(void) { if (fork() == 0) _exit(0); wait(NULL); return 0; }' >"$dir/parent.c"
gcc -o "$dir/parent" "$dir/parent.c" || exit 1
compare -a glibc --runs 1 -- "$dir/parent"
ok "a parent that allocates nothing is told as that" \
    grep -q '^Not replayed: .*: nothing to write: no allocation was made' "$dir/out"
compare -a glibc --runs 1 -- sh -c 'case $LD_PRELOAD in *record*) exit 3 ;; esac'
ok "what cannot be recorded is told" grep -qE '^Not replayed: .*exit code 3' "$dir/out"
ok "and no failure" [ "$(grep -c failed: "$dir/out")" = 0 ]
ok "no recording is left" [ -z "$(find "$TMPDIR" -name '*.rep')" ]
compare -a glibc -a lab=bench/test/lab/explicit.c --runs 1 -- "$dir/blocks"
ok "a course's allocator meets glibc" [ $? -eq 0 ]
ok "and has figures" grep -qE '^ +lab +[0-9]' "$dir/out"
without=--no-replay

# ---- servers ----

cat >"$dir/server.py" <<'PY'
import os, signal, sys, time
blocks = []
def stop(*_):
    time.sleep(0.3) # long enough to be seen stopping
    sys.exit(0)
def fill(*_):
    blocks.append(b"x" * (48 << 20))
    open(sys.argv[1] + ".filled", "w").close()
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGUSR1, fill)
open(sys.argv[1], "w").write(str(os.getpid()))
while True:
    time.sleep(0.01)
PY
server=(python3 "$dir/server.py" "$dir/pid")
compare -a glibc -a snug --runs 2 --linger 0.2 -o "$dir/run" --prepare "rm -f $dir/pid*" \
    --ready "test -s $dir/pid" \
    --load "kill -USR1 \$(cat $dir/pid); \
        until test -e $dir/pid.filled; do sleep 0.1; done; sleep 0.2; echo rate 12.5" \
    --load-metric 'rate ([0-9.]+)' -- "${server[@]}" ''
ok "a server is compared" [ $? -eq 0 ]
ok "its metric is read" [ "$(cell snug score)" = 12.5 ]
ok "and has a name" [ "$(cell snug score_unit), $(cell snug score_better)" = 'rate, more' ]
ok "in the answer" grep -q ', 12.5 (rate)\.$' "$dir/out"
left=$(cell snug left_resident_bytes)
ok "what is left is seen" [ "$((left >> 20))" -ge 48 ]
ok "the phases are in the curve" \
    [ "$(cut -d, -f4 "$dir/run/memory.csv" | sort -u | tr -d '\n"')" = lingerloadphasestartstop ]
if command -v gnuplot >/dev/null; then
    "$BUILD/snugbench" report "$dir/run" >"$dir/said"
    ok "the page has every word of the command" \
        grep -q "<code>python3 $dir/server.py $dir/pid &#39;&#39;</code>" "$dir/run/report.html"
    ok "and the load" grep -q '^under the load <code>kill -USR1 ' "$dir/run/report.html"
fi
without=
compare -a glibc --runs 1 --linger 0 --prepare "rm -f $dir/pid" --ready "test -s $dir/pid" \
    --load "kill -USR1 \$(cat $dir/pid); sleep 0.2" -- "${server[@]}"
ok "it is recorded under its load" grep -q '^Replayed, .* of processor time (' "$dir/out"
without=--no-replay
compare -a glibc --runs 1 --ready 'exit 7' --timeout 1 --load true -- sleep 30
ok "a server that is never ready fails" grep -qE ": \
not ready within 1 s \(--timeout\): 'exit 7' never succeeded, last: exit code 7.$" "$dir/out"
compare -a glibc --runs 1 --ready 'sleep 9' --timeout 1 --load true -- sleep 30
ok "so does one that nobody knows of" grep -q "1 s (--timeout): 'sleep 9' does not end" "$dir/out"
compare -a glibc --runs 1 --ready false --load true -- sh -c 'echo no >&2; exit 1'
ok "so does one that ends" grep -q 'ended before it was ready: exit code 1: no$' "$dir/out"
compare -a glibc --runs 1 --ready false --load true -- sh -c 'sleep 0.3 &'
ok "one that goes into the background is told how it can be measured" \
    grep -q 'ready: exit code 0; should it have gone into the background' "$dir/out"
compare -a glibc --runs 1 --prepare "rm -f $dir/pid" --ready "test -s $dir/pid" \
    --load 'echo bad; exit 4' -- "${server[@]}"
ok "a load that fails is told" grep -q 'the load failed: exit code 4: bad' "$dir/out"
compare -a glibc --runs 1 --ready true --load true -- "${server[@]}"
ok "one that runs already is told" grep -q 'answers before the server is started' "$dir/out"

plan
