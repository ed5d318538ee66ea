#!/usr/bin/env bash
# snugbench record on a program whose calls are known, on real ones, and in bad conditions.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
snugbench=${BUILD:-build}/snugbench
helper=${BUILD:-build}/test/helper_record
storm=${BUILD:-build}/test/helper_storm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# record NAME PROGRAM ARGS...: trace in $work/NAME.rep, streams in out and err, code in $code
record()
{
    local name=$1
    shift
    "$snugbench" record -o "$work/$name.rep" -- "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
}

# How often a request of so many bytes is in a trace.
requests()
{
    grep -cE "^[ar] [0-9]+ $2\$" "$work/$1.rep"
}

said=$("$snugbench" record -o "$work/none.rep" -- false 2>&1)
[ $? -eq 1 ] && [ ! -e "$work/none.rep" ] &&
    grep -q 'nothing to write: no allocation was made by false' <<<"$said"
report "a program that fails and allocates nothing is told as that" $?

# ---- exactly the calls of the program ----

record sequence "$helper" sequence
[ "$code" -eq 0 ]
report "the known sequence is recorded" $?
# Between the markers, with the ids counted from their first appearance.
awk '/^a [0-9]+ 123457$/ { on = !on; marker = $2; next }
     !on || /^[#t]/ { next }
     $1 == "f" && $2 == marker { marker = "none"; next }
     { if (!($2 in id)) id[$2] = ($2 == "-1" ? "NULL" : "b" ++count); $2 = id[$2] }
     $1 == "f" { for (k in id) if (id[k] == $2) delete id[k] }
     { print }' "$work/sequence.rep" >"$work/got"
cat >"$work/expected" <<'CALLS'
a b1 100
c b2 3 40
r b3 7
r b1 5000
r b3 200
m b4 64 300
m b5 256 512
m b6 32 33
m b7 4096 10
m b8 4096 4096
f NULL
f b2
c b9 3 100000
r b1 1048576
f b1
f b3
f b4
f b5
f b6
f b7
f b8
f b9
CALLS
diff -u "$work/expected" "$work/got" >"$work/err"
report "its operations are these and no others, with exact sizes" $?

grep -q "^# command: $helper sequence\$" "$work/sequence.rep" &&
    grep -q "^# image: .*helper_record\$" "$work/sequence.rep" &&
    grep -q '^# system: .*glibc' "$work/sequence.rep"
report "the trace says how it was made" $?

record thread "$helper" thread
awk '$1 == "t" { thread = $2 }
     /^a [0-9]+ 1001$/ { id = $2; by = thread }
     $1 == "f" && $2 == id && id != "" { freed = thread; id = "" }
     /^a [0-9]+ 1002$/ { main = thread }
     END { exit !(by != main && freed == main) }' "$work/thread.rep"
report "a block allocated in one thread is freed in another" $?

record fork "$helper" fork
[ "$code" -eq 0 ] && [ "$(requests fork 2001)" -eq 0 ] && [ "$(requests fork 2002)" -eq 1 ]
report "the children of fork and _Fork do not record, the parent does" $?

record die "$helper" die
[ "$code" -eq 137 ] && [ "$(requests die 3001)" -eq 1 ] && grep -q 'signal 9' "$work/err"
report "what was done until SIGKILL is in the trace, exit code 137" $?

record leave "$helper" leave
[ "$code" -eq 9 ] && [ "$(requests leave 4001)" -eq 1 ] &&
    [ "$(cat "$work/out")" = "to standard output" ] &&
    [ "$(head -n 1 "$work/err")" = "to standard error" ]
report "_exit: output and exit code are the program's own, the trace is whole" $?

[ "$(wc -l <"$work/err")" -eq 2 ] &&
    grep -qE '^snugbench: recorded [0-9,]+ operations, 1 thread, peak live .*, in ' "$work/err"
report "one line of summary on standard error" $?

record exec "$helper" exec
[ "$code" -eq 9 ] && [ "$(requests exec 5001)" -eq 0 ] && [ "$(requests exec 4001)" -eq 1 ]
report "after exec in the same process the last program counts" $?

record errno "$helper" errno
[ "$code" -eq 0 ] && [ "$(requests errno 24)" -ge $((1 << 20)) ]
report "errno survives two million recorded calls" $?

# ---- programs that give up what the recorder may want ----

# keeps_on NAME MODE: the program ends well and all of its 1,200,000 calls are there
keeps_on()
{
    record "$2" "$helper" "$2"
    [ "$code" -eq 0 ] && [ "$(requests "$2" 7001)" -eq 600000 ] &&
        ! grep -q '^# note:' "$work/$2.rep"
    report "$1" $?
}
keeps_on "a program that closes every descriptor" close
keeps_on "a program that may open nothing" nofile
keeps_on "a program with a small limit on file size" fsize
keeps_on "a program at its limit of address space, which has as much of it as without" as
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$work"
    keeps_on "a program that changes its root directory and gives up root" privileges
    record setpriv setpriv --reuid=65534 --clear-groups bash -c :
    [ "$code" -eq 0 ] && grep -q '^# image: .*bash' "$work/setpriv.rep"
    report "a program that is run by another user after exec" $?
else
    skip "a program that changes its root directory and gives up root" "needs root"
    skip "a program that is run by another user after exec" "needs root"
fi

(trap '' CHLD && exec "$snugbench" record -o "$work/deaf.rep" -- "$helper" leave) \
    >"$work/out" 2>"$work/err"
[ $? -eq 9 ] && [ "$(requests deaf 4001)" -eq 1 ]
report "the exit code arrives where SIGCHLD is ignored" $?
(trap '' CHLD && exec "$snugbench" record -o "$work/deaf.rep" -- \
    grep SigIgn /proc/self/status) >"$work/out" 2>"$work/err"
(trap '' CHLD && exec grep SigIgn /proc/self/status) | diff - "$work/out" >>"$work/err"
report "and the program still ignores it" $?

# ---- what is not recorded is named ----

# The child stays until the test closes its standard input.
mkfifo "$work/hold"
exec 7<>"$work/hold"
"$snugbench" record -o "$work/daemon.rep" -- "$helper" daemon >"$work/out" 2>"$work/err" <&7
code=$?
echo >&7
exec 7>&-
[ "$code" -eq 0 ] && [ "$(requests daemon 8001)" -eq 1 ] && [ "$(requests daemon 8002)" -eq 0 ] &&
    grep -q 'Not recorded, .*: helper_record (1 process, 1 still running). With --follow-fork' \
        "$work/err" && grep -q '^# note: Not recorded.*helper_record' "$work/daemon.rep"
report "a daemon: said on standard error and in the trace" $?

record children bash -c 'ls / >/dev/null; ls / | cat >/dev/null; :'
grep -q 'Not recorded, .*: ls (2 processes), cat (1 process)\. With' "$work/err"
report "children: their names and how many" $?

# Each is process 1 of a namespace, as init is of ours, while the others are there.
if unshare -p -f true 2>"$work/err"; then
    record namespaces bash -c 'for i in 1 2 3; do unshare -p -f sleep 1 & done; wait'
    grep -q ': unshare (3 processes), sleep (3 processes)\. With' "$work/err"
    report "processes of other namespaces with the same number" $?
else
    skip "processes of other namespaces with the same number" "no namespace can be made"
fi

# All stay until all have allocated.
mkfifo "$work/go" "$work/here"
mkdir "$work/many"
# shellcheck disable=SC2016
"$snugbench" record -f -o "$work/many/bash.rep" -- bash -c '
    exec 3<>"$0" 4<>"$1"
    for ((i = 0; i < 260; i++)); do (echo >&4 && read -r <&3) & done
    for ((i = 0; i < 260; i++)); do read -r <&4; done
    for ((i = 0; i < 260; i++)); do echo; done >&3
    wait' "$work/go" "$work/here" >"$work/out" 2>"$work/err"
grep -q 'Not recorded: bash (.*): more than 256 processes at a time\.' "$work/err"
report "more processes at a time than there is room for: named, and why" $?

# Each process counts once, also where it becomes another program and waits in vain again.
# shellcheck disable=SC2016
"$snugbench" record -f -o "$work/many/bash.rep" -- bash -c '
    exec 3<>"$0" 4<>"$1"
    for ((i = 0; i < 400; i++)); do (echo >&4; read -r <&3; exec sh -c "echo >&4; read -r _ <&3") & done
    for ((i = 0; i < 400; i++)); do read -r <&4; done
    for ((i = 0; i < 400; i++)); do echo; done >&3
    for ((i = 0; i < 400; i++)); do read -r <&4; done
    for ((i = 0; i < 400; i++)); do echo; done >&3
    wait' "$work/go" "$work/here" >"$work/out" 2>"$work/err"
missed=$(sed -n 's/.*Not recorded: .*sh (\([0-9]*\) processes).*/\1/p' "$work/err")
[ "${missed:-0}" -ge 145 ] && [ "$missed" -le 400 ] && ! grep -q 'Not recorded.* more:' "$work/err"
report "each of many processes without room counts once" $?

# Two at a time enter the list.
right=0
for try in 1 2 3 4; do
    # shellcheck disable=SC2016
    record crowd bash -c 'for ((i = 0; i < 40; i++)); do
        (for ((j = 0; j < 49; j++)); do (:) & done; wait) &
    done; wait'
    grep -q ': bash (2000 processes)\. With' "$work/err" && right=$((right + 1))
done
is "each of many that begin at once counts, $try times" "$right" "$try"

record hammer "$storm" hammer
[ "$code" -eq 0 ] && "$snugbench" stat --csv "$work/hammer.rep" >"$work/stat" &&
    ! grep -q '^# note:' "$work/hammer.rep" &&
    awk -F '","' 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
        NR == 2 { exit !($(column["operations"]) > 1000000 && $(column["threads"]) == 9) }' \
        "$work/stat"
report "a million calls of nine threads with frees across them: consistent, nothing repaired" $?

# Its blocks are of 20000 to 20255 bytes: allocations, reallocs, frees of them and bytes.
count_storm()
{
    awk '$1 ~ /^[ac]$/ && $NF >= 20000 && $NF < 20256 { allocations++; bytes += $NF; live[$2] = 1 }
        $1 == "r" && $3 == 20000 { reallocs++; bytes += $3 }
        $1 == "f" && live[$2] { frees++; delete live[$2] }
        END { printf "%d %d %d %.0f\n", allocations, reallocs, frees, bytes }' "$work/$1.rep"
}
record storm "$storm" storm
[ "$code" -eq 0 ] && ! grep -q '^# note:' "$work/storm.rep" &&
    [ "$(count_storm storm)" = "$(cat "$work/out")" ] &&
    "$snugbench" stat "$work/storm.rep" >"$work/stat" 2>&1
report "8 threads that free one another's blocks: every call they count is there" $?

# At most one call of each thread is under way.
record killed "$storm" killed
read -r allocations frees <"$work/out"
[ "$code" -eq 137 ] && "$snugbench" stat "$work/killed.rep" >"$work/stat" 2>&1 &&
    ! grep '^# note:' "$work/killed.rep" | grep -vE 'Left out [1-9] calls that were under way' &&
    count_storm killed | awk -v allocations="$allocations" -v frees="$frees" \
        '{ exit !($1 >= allocations && $3 >= frees) }'
report "the same, killed in the midst: what they had counted by then is there" $?

keeps_on "a program with 5,000 signals a second" signals

# ---- the beginning only ----

"$snugbench" record --max-ops 1000 -o "$work/first.rep" "$helper" many >"$work/out" 2>"$work/err"
code=$?
[ "$code" -eq 0 ] && [ "$(grep -cE '^[acfmrs] ' "$work/first.rep")" -eq 1000 ] &&
    [ "$(sed -n 3p "$work/first.rep" | tr -d ' ')" = 1000 ] && grep -q -e --max-ops "$work/err"
report "--max-ops: so many, and the program runs on" $?

for bound in '--max-ops 9' '--duration 1'; do
    export TRACE=$work/until${bound##* }.rep
    # shellcheck disable=SC2086 # two words
    "$snugbench" record $bound -o "$TRACE" "$helper" until-file >"$work/out" 2>"$work/err"
    code=$?
    [ "$code" -eq 0 ] && grep -q '^a [0-9]* 1101' "$TRACE" && ! grep -q '^a [0-9]* 1102' "$TRACE" &&
        grep -q "^# note: The recording ended before the program: .*${bound%% *}" "$TRACE"
    report "$bound: the trace is there while the program runs" $?
done

# ---- real programs ----

if needs "a program with a plugin" gcc; then
    echo '#include <stdlib.h>
        static void *block;
        __attribute__((constructor)) static void begin(void) { block = malloc(4501); }
        __attribute__((destructor)) static void end(void) { free(block); }' |
        gcc -shared -fPIC -x c -o "$work/plugin.so" -
    export PLUGIN=$work/plugin.so
    record plugin "$helper" plugin
    [ "$code" -eq 0 ] && [ "$(requests plugin 4501)" -eq 1 ]
    report "what a plugin allocates when it is opened" $?
    LD_PRELOAD=$PLUGIN record early "$helper" leave
    [ "$code" -eq 9 ] && [ "$(requests early 4501)" -eq 1 ]
    report "what a preloaded library allocates before the program begins" $?
fi

if needs "as valgrind counts" valgrind; then
    record sort sort -u "$0" -o /dev/null
    awk 'NR == 4 { peak = $1 }
        /^[acmr] / { allocations++; frees += live[$2]; live[$2] = 1 }
        /^[amr] / { bytes += $NF } /^c / { bytes += $3 * $4 }
        /^f / && $2 != -1 { frees++; live[$2] = 0 }
        END { printf "%d %d %.0f\n%.0f\n", allocations, frees, bytes, peak }' "$work/sort.rep" >"$work/got"
    {
        valgrind --run-libc-freeres=no sort -u "$0" -o /dev/null 2>&1 |
            sed -nE 's/,//g; s/.*: ([0-9]+) allocs ([0-9]+) frees ([0-9]+) bytes.*/\1 \2 \3/p'
        valgrind --tool=dhat --dhat-out-file=/dev/null sort -u "$0" -o /dev/null 2>&1 |
            sed -nE 's/,//g; s/.*t-gmax: +([0-9]+) bytes.*/\1/p'
    } >"$work/expected"
    [ "$(wc -l <"$work/expected")" -eq 2 ] && diff "$work/expected" "$work/got" >"$work/err"
    report "allocations, frees, bytes and peak are those that valgrind counts" $?
fi

# shellcheck disable=SC2016 # expanded by the recorded shell
record bash bash -c 'x=$(echo a b c); set -- $x; echo $#'
[ "$code" -eq 0 ] && [ "$(cat "$work/out")" = 3 ] &&
    "$snugbench" stat "$work/bash.rep" >"$work/stat" 2>&1
report "bash with a subshell" $?

record python python3 -c 'import json, threading
t = threading.Thread(target=lambda: print(len(json.dumps(list(range(1000))))))
t.start(); t.join()'
[ "$code" -eq 0 ] && [ "$(cat "$work/out")" = 4890 ] &&
    "$snugbench" stat "$work/python.rep" >"$work/stat" 2>&1
report "python3 with a thread" $?

echo 'from standard input' | "$snugbench" record -o "$work/cat.rep" cat >"$work/out" 2>"$work/err"
[ "$(cat "$work/out")" = 'from standard input' ] && [ -s "$work/cat.rep" ]
report "standard input is the program's own" $?

(cd "$work" && case $snugbench in /*) s=$snugbench ;; *) s=$OLDPWD/$snugbench ;; esac &&
    "$s" record bash -c : 2>err && [ -s bash.rep.zst ])
report "without -o the trace is PROGRAM.rep.zst" $?

# ---- interruption ----

# interrupt SIGNAL TARGET: send it to snugbench (pid) or to its whole session (-pid), as a
# terminal does. A background job of a script ignores SIGINT, so perl restores it.
interrupt()
{
    : >"$work/out"
    perl -e '$SIG{INT} = "DEFAULT"; use POSIX; POSIX::setsid(); exec @ARGV' \
        "$snugbench" record -o "$work/$1.rep" "$helper" wait >"$work/out" 2>"$work/err" &
    local pid=$!
    await grep -q ready "$work/out"
    kill -s "$1" -- "$2$pid"
    wait "$pid"
    code=$?
}
interrupt INT -
[ "$code" -eq 130 ] && [ "$(requests INT 6001)" -eq 1 ]
report "Ctrl-C ends the program, its trace is written" $?
interrupt INT ""
[ "$code" -eq 130 ] && [ "$(requests INT 6001)" -eq 1 ]
report "a SIGINT from another process is passed on, the trace is written" $?
interrupt TERM ""
[ "$code" -eq 143 ] && [ "$(requests TERM 6001)" -eq 1 ]
report "SIGTERM is passed on, the trace is written" $?

# Of a snugbench that is killed itself, what it had written is there.
perl -e 'use POSIX; POSIX::setsid(); exec @ARGV' \
    "$snugbench" record -o "$work/slain.rep" "$helper" wait >"$work/out" 2>"$work/err" &
slain=$!
await grep -qs 'a [0-9]* 6001' "$work/slain.rep.part"
kill -s KILL "$slain"
wait "$slain" 2>/dev/null
kill -s KILL -- "-$slain" # the program runs on, unrecorded
! "$snugbench" stat "$work/slain.rep" >"$work/out" 2>"$work/err" &&
    grep -q 'slain.rep: not there; what .* is in .*/slain.rep.part$' "$work/err"
report "snugbench itself is killed: the next command says where the trace is" $?
"$snugbench" stat "$work/slain.rep.part" >"$work/out" 2>&1 &&
    grep -q 'The end is missing' "$work/out"
report "which is read, and it is said that its end is missing" $?
record slain "$helper" leave
[ "$code" -eq 9 ] && [ "$(requests slain 4001)" -eq 1 ] && [ ! -e "$work/slain.rep.part" ]
report "the next recording takes its place" $?

# ---- what is refused ----
# refuses NAME CODE TEXT ARGUMENTS...: one line, that exit code, nothing written
refuses()
{
    local name=$1 expected=$2 text=$3
    shift 3
    "$snugbench" record "$@" >"$work/out" 2>"$work/err" </dev/null
    local code=$?
    [ "$code" -eq "$expected" ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
        grep -q "^snugbench: .*$text" "$work/err" && [ ! -e "$work/no.rep" ]
    report "$name" $?
}
refuses "program not found" 127 'no such program' -o "$work/no.rep" -- "$work/nonesuch"
refuses "program not executable" 126 'Permission denied' -o "$work/no.rep" -- "$work/leave.rep"
refuses "output folder missing" 1 'No such file' -o "$work/nowhere/no.rep" -- bash -c :
refuses "output is a directory" 1 'is a directory' -o "$work" -- bash -c :
cp "$helper" "$work/program"
refuses "output into the program itself" 1 'it is the program' \
    -o "$work/program" -- "$work/program" leave
refuses "output to the program's own stream" 2 'name a file' -o - -- bash -c :
refuses "no program" 2 'no program' -o "$work/no.rep"
refuses "unknown option" 2 "there is no option '--fast'" --fast bash
(ulimit -n 6 && refuses "few descriptors: the reason, before the program runs" 1 \
    "ulimit -n.*Too many open files" -o "$work/no.rep" -- touch "$work/has-run")
number=$((number + 1))
[ ! -e "$work/has-run" ]
report "and it has not run" $?
refuses "a program that allocates nothing" 1 'no allocation' -o "$work/no.rep" -- /bin/true
record bare "$helper" bare
[ "$code" -eq 0 ] && [ "$(requests bare 9101)" -eq 1 ] &&
    grep -q 'became another program by exec after .*/helper_record: that one' "$work/err"
report "a program that becomes itself with an empty environment: said" $?
record nap "$helper" nap
! grep -q 'by exec' "$work/err"
report "one that stays as it is: not" $?
if needs "a static program" gcc-static; then
    echo 'int main(void) { return 0; }' | gcc -static -x c -o "$work/static" -
    refuses "a static program" 1 'did not load the recorder' -o "$work/no.rep" -- "$work/static"
    export STATIC_PROGRAM=$work/static
    record become "$helper" static
    [ "$code" -eq 0 ] && [ "$(requests become 9001)" -eq 1 ] &&
        grep -qE '(another name than that of|became another program by exec after) .*/helper_record: ' "$work/err"
    report "a program that becomes a static one: said" $? # known by its name, or seen
fi

# ---- a full disk under the trace ----

if needs "a full disk" user-mounts; then
    mkdir -p "$work/disk"
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -rm sh -c 'mount -t tmpfs -o size=200k none "$1/disk" &&
        exec "$2" record -o "$1/disk/full.rep" -- "$3" hammer' \
        sh "$work" "$snugbench" "$storm" >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q 'cannot be written: No space' "$work/err" &&
        ! grep -q 'ended by signal' "$work/err"
    report "a disk that fills up ends the recording, not the program" $?
fi

plan
