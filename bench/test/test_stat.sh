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

small=$folder/small.rep
printf '1\n2\n5\n96\na 0 32\nt 1\na 1 64\nf 0\nr 0 1\nf 1\n' >"$small"

printf '1\n1\n2\n32\na 0 32\nf 0\n# note: Not recorded: x.\n# notes: y\n' \
    >"$folder/noted.rep"
is "stat tells what the recorder had to say" \
    "$("$bench" stat "$folder/noted.rep" | grep ^note)" "note         Not recorded: x."
# Behind what is looked at for the format of a file, which may be no binary data.
{
    printf '1\n1\n100002\n32\na 0 32\nf 0\n'
    yes 'a 0 32
f 0' | head -n 100000
    printf '# note: \033[31m Red.\n'
} >"$folder/red.rep"
noted=$("$bench" convert "$folder/red.rep" "$folder/same.rep" 2>&1)
ok "what a file notes is no command to the terminal" [ "$noted" != "${noted/'?[31m Red.'/}" ]

# The caches are the machine's.
is "stat tells everything in a trace" \
    "$("$bench" stat "$small" | sed -E 's/(times that), .* cache.*/\1/')" \
    "trace        small ($small)
operations   5: malloc 2, free 2, realloc 1
threads      2
peak live    96 B after operation 2; most blocks at a time: 2
live set     on average 51.6 B; the peak is 1.86 times that
large        0 % of all bytes and 0 % of those live at the peak, in blocks of 128 KiB and more
handed over  50 % of the frees are by another thread than the allocation
allocated    97 B in 3 requests
sizes        median 32, 90 % up to 64, 99 % up to 64, largest 64 bytes
lifetimes    median 2, 90 % up to 3, 99 % up to 3, largest 3 operations
             median 65, 90 % up to 96, 99 % up to 96, largest 96 bytes asked for meanwhile
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
    "$(awk -F, '{print NF}' "$folder/csv" | sort -u)" 39

# A buffer that grows to 256 KiB, and two blocks that do not.
printf '1\n3\n6\n0\na 0 1000\na 1 100\nr 0 131072\nr 0 262144\nf 1\na 2 24\n' >"$folder/growing.rep"
is "stat tells large blocks and growth" \
    "$("$bench" stat "$folder/growing.rep" | grep -E '^(large|growth)')" \
    "large        100 % of all bytes and 100 % of those live at the peak, in blocks of 128 KiB and more
growth       by realloc: 255 KiB in 2 steps; up to 2 steps of a block, up to 256 KiB"
is "the same as CSV" \
    "$("$bench" stat --csv "$folder/growing.rep" | cut -d, -f32-39)" \
    '"mean_live_bytes","large_allocated_bytes","large_peak_live_bytes","grown_bytes","grow_steps","longest_chain_steps","largest_grown_bytes","other_thread_frees"
"153305","393216","262144","261144","2","2","262144","0"'

"$bench" stat --compare "$folder/growing.rep" "$small" "$small" >"$folder/out"
is "stat --compare tells how a trace differs" \
    "$(grep -E '  (share.*(grown|other)|median size)' "$folder/out" | tr -s ' ')" \
    " median size 1000 B 32 B 32 B 32 B above all
 share of bytes grown by realloc 0.662 0.000 0.000 0.000 above all
 share of frees by other threads 0.000 0.500 0.500 0.500 below all"
"$bench" stat -o "$folder/shape" "$folder/growing.rep" "$small"
is "stat -o writes a row for each class of sizes" "$(cat "$folder/shape/trace_sizes.csv")" \
    '"trace","size_up_to_bytes","requests_count","requested_bytes","peak_live_bytes"
"growing","32","1","24","0"
"growing","128","1","100","100"
"growing","1024","1","1000","0"
"growing","131072","1","131072","0"
"growing","262144","1","262144","262144"
"small","1","1","1","0"
"small","32","1","32","32"
"small","64","1","64","64"'
is "and for each class of lifetimes" "$(grep growing "$folder/shape/trace_lifetimes.csv")" \
    '"growing","4","1","0"
"growing","524288","0","1"'
is "and live bytes along the trace" "$(sed -n 5p "$folder/shape/trace_live.csv")" \
    '"growing","4","2","100","0","0","262144"'
is "and the rows of --csv" "$(cmp <("$bench" stat --csv "$folder/growing.rep" "$small") "$folder/shape/traces.csv")" ""

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
bad_usage "stat --compare with one trace" \
    "--compare takes a trace and others; see 'stat --help'" stat --compare "$small"
how="see 'generate --help'"
bad_usage "generate with a model and a fit" \
    "a model or --fit, not both; $how" generate random --fit "$small" -o "$folder/x.rep"
bad_usage "generate --fit with sizes" \
    "--fit takes no --min, --max, --live or --threads; $how" generate --fit "$small" --min 8 -o "$folder/x.rep"
bad_usage "generate --fit of a missing file" \
    "generate: $folder/none.rep: cannot be opened: No such file or directory" \
    generate --fit "$folder/none.rep" -o "$folder/x.rep"
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
"$bench" generate --fit "$folder/a.rep.zst" -n 7000 -o "$folder/fit.rep"
is "a fit says what it is of" "$(grep -c '^# snugbench .* generate --fit a -n 7000 -s 1$' "$folder/fit.rep")" 1
is "generate to stat through a pipe" \
    "$("$bench" generate churn -n 5000 -o - | "$bench" stat --csv - | tail -1 | cut -d, -f1,3)" \
    '"stdin","5000"'
"$bench" stat - - <"$small" >"$folder/out" 2>"$folder/err"
is "standard input twice: exit code 2" "$?" 2
is "standard input twice: said so" "$(cat "$folder/out" "$folder/err")" \
    "snugbench: standard input ('-') can be read only once; see 'stat --help'"
# The pipe stays open, as descriptor 9 writes to it: its end never comes.
mkfifo "$folder/pipe"
exec 9<>"$folder/pipe"
{
    printf '1 1\nx 0 1\n'
    yes '' | head -c 2000000
} >"$folder/pipe" 9>&- &
found=$(timeout 60 "$bench" stat - <"$folder/pipe" 2>&1)
is "an error ends reading from a pipe that has not ended" "$found" \
    "snugbench: standard input:2: expected an operation (a, r, f, c, m, s or t), found 'x'"
exec 9>&-
wait
"$bench" generate churn -o "$folder/none/x.rep" 2>"$folder/err"
is "generate into a missing folder: exit code 1" "$?" 1
is "generate into a missing folder: said so" "$(cat "$folder/err")" \
    "snugbench: $folder/none/x.rep: cannot be created: No such file or directory"
is "every model is in the help" \
    "$("$bench" generate --help | grep -cE "^            -n ")" 21
plan
