#!/usr/bin/env bash
# compare --programs: the file of programs, what is kept of them, and scripts/programs from
# end to end on two programs.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
export BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

programs() { timeout 120 "$BUILD/snugbench" compare --programs "$dir/list" "$@" >"$dir/out" 2>"$dir/errors" </dev/null; }

# refused LINES EXPECTED: exit code 2 and this complaint, nothing measured.
refused()
{
    printf '%s\n' "$1" >"$dir/list"
    programs --runs 1 -a glibc
    [ $? -eq 2 ] && [ ! -s "$dir/out" ] && grep -qF "$2" "$dir/errors"
}

# cell PROGRAM ALLOCATOR COLUMN of programs.csv; no field here holds a comma.
cell()
{
    awk -F, -v column="$3" -v program="$1" -v allocator="$2" '
        { gsub(/"/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        $c["program"] == program && $c["allocator"] == allocator { print $c[column] }' \
        "$dir/run/programs.csv"
}

# ---- bad files ----

programs
ok "a file that is not there" grep -q "cannot read '$dir/list': No such file" "$dir/errors"
ok "a file without programs" refused '# none' "names no program"
printf '\xef\xbb\xbfa: true\r\n' >"$dir/list"
programs --runs 1 -a glibc
ok "a file written on Windows" [ $? -eq 0 ]
ok "a line without a name" refused 'true' "$dir/list:1: no name; write NAME: PROGRAM ARGS..."
ok "a name that is no folder" refused '../x: true' ':1: a name is of letters'
ok "two of one name" refused $'a: true\n\na: true' ':3: this name is taken'
ok "a quote that is open" refused "a: echo 'b" ':1: a quote that is not closed'
ok "a pipe" refused 'a: echo | cat' ':1: an unquoted character of |&'
# shellcheck disable=SC2016
ok "a variable that is not set" refused 'a: echo $NO_SUCH_THING' ':1: a variable that is not set'
ok "no program" refused 'a:' ':1: no program behind the name'
ok "a comment alone" refused 'a: # true' ':1: no program behind the name'
ok "a program that is not here" refused $'a: true\nb: no-such-thing' "this is of $dir/list:2, 'b'"
echo 'a: true' >"$dir/list"
programs -- true
ok "a program beside the file" grep -q 'write it into the file' "$dir/errors"
programs --export-csv x.csv
ok "an export of one" grep -q 'kept by -o DIR alone' "$dir/errors"
programs --ready true --load true
ok "a server" grep -q 'not for servers' "$dir/errors"

needs "the runs" hyperfine || { plan && exit 0; }

# ---- runs ----

cat >"$dir/list" <<'LIST'
# a comment, then words as a shell reads them
quoted: sh -c 'test "$1 $#" = "a  b 3"' - "a  b" '# no' \#none # "a comment

picky: sh -c 'case $LD_PRELOAD in *snug*) kill -SEGV $$ ;; esac'
LIST
programs --runs 2 -a glibc -a snug -o "$dir/run"
ok "a program that fails under one fails the command" [ $? -eq 1 ]
ok "the words arrive" [ "$(cell quoted snug status)" = ok ]
ok "what fails is a row" [ "$(cell picky snug status)" = failed ]
ok "with the reason" grep -q 'SEGV' <<<"$(cell picky snug note)"
ok "and without figures" [ -z "$(cell picky snug speed_ratio)" ]
ok "its fellow has figures" [ "$(cell picky glibc runs_count)" = 2 ]
ok "it is told" grep -q '^picky failed under snug: .*SIGSEGV' "$dir/out"
ok "two rounds give no verdict" [ "$(cell quoted snug speed_verdict)" = 'too few rounds' ]
ok "the mean is over what all completed" \
    grep -q '2 programs, geometric means over the 1 that' "$dir/out"
ok "totals" [ "$(wc -l <"$dir/run/programs_totals.csv")" -eq 3 ]
ok "all of a program is kept" [ -s "$dir/run/quoted/compare.json" ]
ok "the answer is kept" grep -q '^None is shown to be faster than glibc over 1 of 2 programs' \
    "$dir/run/answer.txt"
ok "and comes first" cmp <(head -2 "$dir/run/answer.txt") <(head -2 "$dir/out")
ok "the machine, too" grep -q '"quoted"' "$dir/run/environment.json"
"$BUILD/snugbench" report "$dir/run" >"$dir/said" 2>&1
ok "the page leads to each program's" grep -q \
    '^<li><a href="./picky/report.html">picky</a>: Failed: snug; the table says why.</li>$' \
    "$dir/run/report.html"
ok "which is there" [ -s "$dir/run/picky/report.html" ]
echo mine >"$dir/run/quoted/mine"
sed -i '/^picky/d; s/^quoted/other/' "$dir/list"
programs --runs 1 -a glibc -o "$dir/run"
ok "a program that is gone takes its folder with it" [ ! -e "$dir/run/picky" ]
ok "which is told" grep -q "removed .* in $dir/run/picky: its list had 'picky'" "$dir/errors"
ok "all but what is not snugbench's" [ "$(ls "$dir/run/quoted")" = mine ]
ok "and the new one has its own" [ -s "$dir/run/other/compare.json" ]
exec 7<"$dir/run"
flock -n 7
programs --runs 1 -a glibc -o "$dir/run"
ok "a folder that another run has is refused" [ $? -eq 2 ]
exec 7<&-

echo "slow: sh -c 'echo >>$dir/begun; exec sleep 0.2'" >"$dir/list"
echo 'never: sleep 0.2' >>"$dir/list"
"$BUILD/snugbench" compare --programs "$dir/list" --min-runs 50 -a glibc -o "$dir/run" \
    >"$dir/out" 2>"$dir/errors" &
pid=$!
begun() { [ "$(wc -l <"$dir/begun")" -ge "$1" ]; } 2>/dev/null
await begun 5
kill -TERM $pid # a shell lets its background jobs ignore SIGINT
wait $pid
ok "an interrupt ends with 130" [ $? -eq 130 ]
ok "what was measured is written" [ "$(cell slow glibc status)" = ok ]
ok "what was not is not" [ -z "$(cell never glibc status)" ]

needs "scripts/programs" gnuplot || { plan && exit 0; }
ONLY="sort python" scripts/programs "$dir/run" --runs 1 -a glibc -a check=snug,SNUG_DEBUG=check \
    >"$dir/out" 2>"$dir/errors"
ok "scripts/programs ends well" [ $? -eq 0 ]
ok "an allocator with a debug level" [ "$(cell sort check status)" = ok ]
ok "chart" [ -s "$dir/run/programs.png" ]
ok "table" grep -q '^  check ' "$dir/out"
plan
