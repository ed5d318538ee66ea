#!/usr/bin/env bash
# snugbench stat and snugbench generate as a user meets them.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
bench=${BUILD:-build}/snugbench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME CONDITION-CODE: one TAP line.
check()
{
    ok "$1" [ "$2" -eq 0 ]
}

# is NAME FOUND EXPECTED
is()
{
    [ "$2" = "$3" ]
    code=$?
    [ "$code" -eq 0 ] || printf '# expected: %s\n# found:    %s\n' "$3" "$2"
    check "$1" "$code"
}

small=$folder/small.rep
printf '1\n2\n5\n96\na 0 32\nt 1\na 1 64\nf 0\nr 0 1\nf 1\n' >"$small"

is "stat tells everything in a trace" "$("$bench" stat "$small")" \
    "trace        small ($small)
operations   5: malloc 2, free 2, realloc 1
threads      2
peak live    96 B after operation 2; most blocks at a time: 2
allocated    97 B in 3 requests
sizes        median 32, 90 % up to 64, 99 % up to 64, largest 64 bytes
lifetimes    median 2, 90 % up to 3, 99 % up to 3, largest 3 operations
never freed  1 B (blocks: 1)
note         Blocks never freed: 1; freed after the last operation, outside the figures.

           request, bytes      requests     bytes
                        1             1       1 B  ########################################
                        2             0       0 B
           3-           4             0       0 B
           5-           8             0       0 B
           9-          16             0       0 B
          17-          32             1      32 B  ########################################
          33-          64             1      64 B  ########################################"

"$bench" stat --csv "$small" - < <(cat "$small") >"$folder/csv"
is "stat --csv gives one row a trace" "$(cut -d, -f1,3-8,13-19 "$folder/csv")" \
    '"trace","operations","mallocs","frees","reallocs","callocs","memaligns","threads","allocated_bytes","peak_live_bytes","peak_live_operation","peak_live_blocks","never_freed_bytes","never_freed_blocks"
"small","5","2","2","1","0","0","2","97","96","2","2","1","1"
"stdin","5","2","2","1","0","0","2","97","96","2","2","1","1"'
is "every row has as many fields as the header" \
    "$(awk -F, '{print NF}' "$folder/csv" | sort -u)" 27

# A bad trace gets its line and exit code 2; the good ones beside it are still told.
printf '1 1\na 0 -4\n' >"$folder/bad.rep"
"$bench" stat --csv "$folder/bad.rep" "$small" >"$folder/out" 2>"$folder/err"
is "a bad trace: exit code 2" "$?" 2
is "a bad trace: one line with its place" "$(cat "$folder/err")" \
    "snugbench: $folder/bad.rep:2: expected a size below 2^47 bytes, found '-4'"
is "a bad trace: the others survive" "$(wc -l <"$folder/out")" 2

"$bench" stat "$small" >/dev/full 2>"$folder/err"
is "a full disk: exit code 1" "$?" 1
is "a full disk: said so" "$(cat "$folder/err")" \
    "snugbench: standard output: cannot be written: No space left on device"

# bad_usage NAME MESSAGE ARGUMENT...
bad_usage()
{
    local name=$1 message=$2
    shift 2
    "$bench" "$@" >"$folder/out" 2>"$folder/err"
    code=$?
    is "$name" "$code $(cat "$folder/out" "$folder/err")" "2 snugbench: $message"
}
bad_usage "stat without a trace" \
    "no trace is named; see 'stat --help'" stat
bad_usage "stat with an unknown option" \
    "there is no option '--cvs'; see 'stat --help'" stat --cvs "$small"
how="see 'generate --help'"
bad_usage "generate without a model" "no model is named; $how" generate
bad_usage "generate with an unknown model" \
    "there is no model 'nope'; $how" generate nope -o "$folder/x.rep"
bad_usage "generate without a file" "name the file with -o FILE; $how" generate random
bad_usage "generate with two models" \
    "one model at a time, not also 'churn'; $how" generate random churn
bad_usage "generate with a bad number" \
    "--ops takes a whole number, not '1e6'; $how" generate random -n 1e6 -o "$folder/x.rep"
bad_usage "generate with a negative number" \
    "--live takes a whole number, not '-5'; $how" generate random --live -5 -o "$folder/x.rep"
bad_usage "generate with sizes upside down" \
    "generate: expected a least size between 1 and the greatest" \
    generate random --min 10 --max 9 -o "$folder/x.rep"
bad_usage "generate with a missing value" \
    "a value is missing after '--seed'; $how" generate random --seed
[ ! -e "$folder/x.rep" ]
check "bad usage writes no file" $?

"$bench" generate churn -n 5000 --seed 3 -o "$folder/a.rep.zst" &&
    "$bench" generate -s 3 -o "$folder/b.rep.zst" --ops=5000 churn &&
    cmp "$folder/a.rep.zst" "$folder/b.rep.zst"
check "the same seed gives the same file" $?
"$bench" generate churn -n 5000 -s 4 -o - >"$folder/c.rep"
is "the file says how it was made" "$(grep -c '^# snugbench .* generate churn -n 5000 -s 4 --min 16 --max 2048 --live 5000$' "$folder/c.rep")" 1
is "generate to stat through a pipe" \
    "$("$bench" generate churn -n 5000 -o - | "$bench" stat --csv - | tail -1 | cut -d, -f1,3)" \
    '"stdin","5000"'
"$bench" generate churn -o "$folder/none/x.rep" 2>"$folder/err"
is "generate into a missing folder: exit code 1" "$?" 1
is "generate into a missing folder: said so" "$(cat "$folder/err")" \
    "snugbench: $folder/none/x.rep: cannot be created: No such file or directory"
is "every model is in the help" \
    "$("$bench" generate --help | grep -cE "^            -n ")" 19
plan
