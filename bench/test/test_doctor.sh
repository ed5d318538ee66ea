#!/usr/bin/env bash
# 'snugbench doctor': a line for each thing looked at, its remedy, exit codes; and the
# proof (--aa), on one small trace.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect "a machine that can measure" 0 out '^ok    worker  ' "$bench" doctor
! grep -qvE '^(ok  |note|warn)  [a-z][a-z -]{14}  [^ ]' "$work/out"
report "every line has a level, a name and what was found" $?
missing=0
for name in processors load 'steal time' governor turbo hyper-threads 'virtual machine' \
    clock 'huge pages' 'address layout' memory swap mappings 'core dumps' counters \
    tracing cgroup worker floor allocator gnuplot hyperfine; do
    grep -qE "^[a-z]+ +$name  " "$work/out" || missing=1
done
report "everything is looked at" $missing
! grep -E '^(note|warn)' "$work/out" | grep -qvE '^....  [^;]*: [^;]+; .+|^warn  tracing .*; '
report "what disturbs says what it does and has a remedy" $?

if ! setarch -R true 2>"$work/err"; then
    skip "a fixed layout is a warning" "setarch is refused"
else
    expect "a fixed layout is a warning" 0 out '^warn  address layout .*; sudo sysctl' \
        setarch -R "$bench" doctor
fi
expect "a program that is not in PATH is noted" 0 out \
    '^note  gnuplot +missing: no charts; sudo apt-get install gnuplot' \
    env PATH=/nowhere "$bench" doctor

# Without the worker beside it nothing can be measured.
mkdir "$work/alone"
cp "$bench" "$work/alone"
expect "no worker: nothing can be measured" 1 out \
    '^stop  worker .*snugbench-worker is missing: nothing can be measured; make$' \
    "$work/alone/snugbench" doctor
grep -qE '^warn  floor .*libsnugbench-floor.so is missing' "$work/out"
report "a missing floor is a warning" $?

if ! command -v python3 >"$work/err"; then
    skip "JSON says the same" "no python3"
else
    "$bench" doctor --json >"$work/out" 2>"$work/err" && python3 - "$work/out" <<'PYTHON'
import json, sys
findings = json.load(open(sys.argv[1]))
assert len(findings) > 20
for finding in findings:
    assert finding["level"] in ("ok", "note", "warn")
    assert finding["name"] and finding["found"]
    assert finding["level"] == "ok" or (finding["text"] and finding["remedy"])
PYTHON
    report "JSON says the same" $?
fi

expect "help has examples" 0 out '^examples:' "$bench" doctor --help
expect "unknown option" 2 err "^snugbench: there is no option '--bogus'" \
    "$bench" doctor --bogus
expect "no output to a full disk" 1 err 'cannot write the findings' \
    bash -c 'exec "$1" doctor >/dev/full' - "$bench"

# The proof: that the machine is quiet is not asked for, so the verdict may be either.
"$bench" generate churn -n 4000 -o "$work/tiny.rep" >"$work/out" 2>"$work/err"
"$bench" doctor --aa --repetitions 2 --seed 7 "$work/tiny.rep" >"$work/out" 2>"$work/err"
code=$?
[ "$code" -le 1 ] && [ "$(grep -c 'repetitions done$' "$work/err")" -eq 2 ]
report "the proof runs on one trace" $?
[ "$(grep -cE '^  (glibc and glibc|floor and floor) +[0-2] of 2 +[0-2] of 2 +' "$work/out")" -eq 2 ]
report "false verdicts between equals are counted" $?
[ "$(grep -cE '^  [125] % +-?[0-9.]+ % +[0-2] of 2 \([0-9.]+ % to [0-9.]+ %\) +[0-9.]+ % ' "$work/out")" -eq 3 ]
report "slow-downs of 1, 2 and 5 % are looked for" $?
tail -n 1 "$work/out" | grep -qE \
    '^Differences below [0-9.]+ % on a single trace cannot be told on this machine with 5 rounds\.$'
report "it ends with the noise floor" $?
if grep -q 'more than stated' "$work/out"; then [ "$code" -eq 1 ]; else [ "$code" -eq 0 ]; fi
report "its exit code says whether it holds" $?
expect "fewer than five rounds give no verdict" 2 err '^snugbench: --runs takes a number' \
    "$bench" doctor --aa -r 4 "$work/tiny.rep"
expect "a trace without --aa" 2 err 'only --aa takes a trace' "$bench" doctor "$work/tiny.rep"
expect "a bad trace" 2 err 'nowhere.rep' "$bench" doctor --aa "$work/nowhere.rep"
expect "a value is missing" 2 err "a value is missing after '--repetitions'" \
    "$bench" doctor --aa --repetitions
cp "${BUILD:-build}/snugbench-worker" "$work/alone"
expect "the delayed floor is missing" 1 err 'libsnugbench-floor-delayed.so is missing' \
    "$work/alone/snugbench" doctor --aa --repetitions 1 "$work/tiny.rep"

plan
