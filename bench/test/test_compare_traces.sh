#!/usr/bin/env bash
# snugbench compare TRACE... from end to end, on small traces.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
export BUILD=${BUILD:-build}
bench=$(realpath "$BUILD")/snugbench
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

compare() { timeout 120 "$bench" compare "$@" >"$dir/out" 2>"$dir/errors" </dev/null; }

# One line on standard error that says this, exit code 2, and nothing measured.
refused()
{
    local expected=$1
    shift
    compare "$@"
    [ $? -eq 2 ] && [ "$(wc -l <"$dir/errors")" -eq 1 ] && [ ! -s "$dir/out" ] &&
        grep -qE "$expected" "$dir/errors"
}

headings() { grep -cE '^ +allocator ' "$dir/out"; }

traces=("$dir/churn.rep" "$dir/nodes.rep.zst")
"$bench" generate churn -o "${traces[0]}" -n 20000 --live 500 >/dev/null 2>&1 &&
    "$bench" generate nodes -o "${traces[1]}" -n 20000 --live 500 >/dev/null 2>&1 || exit 1
two=(-a glibc -a snug --budget 0)

# ---- what cannot be measured is said before anything runs ----

ok "nothing" refused "compare what\? 'snugbench compare -- PROGRAM"
ok "a trace that is not there" refused "no trace '.*/none.rep': No such file" "$dir/none.rep"
ok "a program among traces" refused "'/bin/sh' is a program, not a trace: write" \
    "${traces[0]}" /bin/sh
ok "a name in PATH" refused "'sh' is a program" sh -c true
echo 'this is no trace' >"$dir/text"
ok "a text" refused 'text:1: expected' "$dir/text"
ok "a trace behind --" refused "a trace is compared without the '--'" -- "${traces[0]}"
for export in csv json markdown; do
    ok "no place for $export" refused "cannot write '.*/none/x': No such file" \
        --export-$export "$dir/none/x" "${traces[0]}"
done
ok "an option of programs" refused "no option '--warmup' for traces" --warmup 1 "${traces[0]}"
ok "another, behind the traces" refused "no option '--input' for traces" "${traces[0]}" --input x
ok "rounds that contradict themselves" refused 'above --max-runs' -m 9 -M 8 "${traces[0]}"
ok "standard input twice" refused 'only once' - -

# ---- the answer ----

compare "${two[@]}" "${traces[@]}" --timeout 50 -o "$dir/run"
ok "traces are compared, with options behind them" [ $? -eq 0 ]
ok "the answer comes first" grep -qE '^(Fastest|None is|No significant)' <(head -n 1 "$dir/out")
ok "it is short" [ "$(grep -n '^$' "$dir/out" | head -n 1 | cut -d: -f1)" -le 13 ]
ok "it says what it is not" grep -q '^This is the cost of malloc and free alone' "$dir/out"
ok "one table for all" [ "$(headings)" = 1 ]
for file in answer.txt compare.json summary.csv totals.csv samples.csv timeline.csv \
    syscalls.csv latency.csv verdicts.txt environment.json; do
    ok "$file" [ -s "$dir/run/$file" ]
done
ok "the answer is kept as it was shown" diff -q "$dir/run/answer.txt" <(head -n -1 "$dir/out")
ok "latency is measured for the files" [ "$(wc -l <"$dir/run/latency.csv")" -gt 10 ]
if command -v python3 >/dev/null; then
    ok "the JSON holds both" python3 - "$dir/run/compare.json" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
names = [row["allocator"] for row in run["allocators"]]
assert names == ["glibc", "snug"], names
assert len(run["traces"]) == 2 and run["speed_traces_count"] == 2
assert run["allocators"][1]["speed_ratio"]["median"] > 0
assert 1 <= len(run["answer"]["lines"]) <= 12
PY
fi

# ---- a folder's files are of one run, whatever kinds of run follow each other ----

# The files there, but for those that nobody may touch.
files() { (cd "$dir/kinds" && find . -type f ! -name 'mine*' | sort | xargs); }
mkdir -p "$dir/kinds/replay" && cd "$dir" || exit 1
touch kinds/{mine.csv,mine.svg,replay/mine,memory.csv,latency.svg}
before=$(files)
"$bench" micro --only start -a glibc -r 1 --scale 0.0001 -o kinds >out 2>errors
ok "what no run wrote stays" \
    [ "$(files)" = "$(xargs -n 1 <<<"$before ./micro.csv ./environment.json" | sort | xargs)" ]
compare --runs 1 --no-replay -a glibc -o kinds -- true
ok "a program's comparison takes the place of micro-benchmarks" [ "$(files)" = \
    "./answer.txt ./compare.csv ./compare.json ./environment.json ./memory.csv ./samples.csv" ]
compare --runs 1 -a glibc -o kinds -- sh -c :
ok "with its replay" [ -s kinds/replay/totals.csv ]
touch kinds/report.html kinds/live.png kinds/replay/scatter.svg
compare --runs 1 --no-replay -a glibc -o kinds -- true
ok "which goes with the next without, and what was drawn" [ "$(files)" = \
    "./answer.txt ./compare.csv ./compare.json ./environment.json ./memory.csv ./samples.csv" ]
compare --runs 1 -a glibc -o kinds -- sh -c :
compare -r 1 -a glibc -o kinds "${traces[0]}"
ok "traces take the place of both" [ "$(files)" = "./answer.txt ./compare.json \
./environment.json ./latency.csv ./latency_curve.csv ./samples.csv ./summary.csv ./syscalls.csv \
./timeline.csv ./totals.csv ./verdicts.txt" ]
compare --programs <(echo 'replay: true') --runs 1 -a glibc -o kinds
ok "programs that of traces" [ "$(files)" = "./answer.txt ./environment.json \
./programs.csv ./programs_totals.csv \
./replay/answer.txt ./replay/compare.csv ./replay/compare.json ./replay/environment.json \
./replay/memory.csv ./replay/samples.csv" ]
ok "other files are there" ls kinds/mine.csv kinds/mine.svg kinds/replay/mine
cd - >/dev/null || exit 1

compare "${two[@]}" -v -r 1 "${traces[@]}"
ok "with -v a table for each" [ "$(headings)" = 3 ]
ok "one round decides nothing" grep -q '1 round says nothing yet, 5 are the least' "$dir/out"
compare "${two[@]}" -r 1 --export-csv - "${traces[0]}"
ok "data on standard output has it for itself" [ "$(head -c 11 "$dir/out")" = '"allocator"' ]
ok "the answer is on the other" grep -q '^This is the cost' "$dir/errors"
compare "${two[@]}" -r 1 --export-markdown - --export-json "$dir/x.json" "${traces[0]}"
ok "Markdown" [ "$(sed -n 5p "$dir/out" | cut -c -9)" = '| glibc |' ]
ok "JSON" [ -s "$dir/x.json" ]
timeout 60 "$bench" compare "${two[@]}" -r 1 - <"${traces[0]}" >"$dir/out" 2>/dev/null
ok "standard input" [ $? -eq 0 ]

# ---- variants ----

# Blocks of a page and more by mmap: their number of system calls betrays it.
compare -a glibc -a mapped=glibc,GLIBC_TUNABLES=glibc.malloc.mmap_threshold=128 -r 1 \
    --export-csv "$dir/x.csv" "${traces[0]}"
ok "variables reach the allocator" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "\"replay_syscalls_count\"") at = i }
    { gsub(/"/, "", $at); calls[NR] = $at + 0 }
    END { exit !(calls[3] > 100 && calls[3] > 10 * calls[2]) }' "$dir/x.csv"

if command -v cc >/dev/null; then
    compare -a glibc -a lab=bench/test/lab/explicit.c -r 1 "${traces[@]}"
    ok "a course's allocator" [ $? -eq 0 ]
    ok "has its row" grep -qE '^ +lab +[0-9]' "$dir/out"
fi
broken=$(realpath "$BUILD")/test/libbroken-overlap.so
compare -a glibc -a snug -a broken="$broken" -r 1 "${traces[@]}"
ok "one that breaks its promises fails" [ $? -eq 1 ]
ok "and is told first" grep -qE '^broken failed on [12] of 2 traces, first on churn: ' \
    <(head -n 1 "$dir/out")
ok "the others are compared all the same" grep -qE '^ +snug +[0-9]' "$dir/out"

: >"$dir/errors"
"$bench" compare -a glibc -a snug -r 200 -o "$dir/cut" "${traces[@]}" \
    >"$dir/out" 2>"$dir/errors" &
pid=$!
has_had() { # N workers
    pgrep -P "$pid" >>"$dir/workers"
    [ "$(sort -u "$dir/workers" | wc -l)" -ge "$1" ]
}
await has_had 10 # verified, calls counted, memory measured
kill -TERM $pid # a shell lets its background jobs ignore SIGINT
wait $pid
ok "an interrupt ends with 130" [ $? -eq 130 ]
ok "and is told" grep -q '^Interrupted: this is what had been measured' "$dir/cut/answer.txt"

plan
