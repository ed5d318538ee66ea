#!/usr/bin/env bash
# snugbench report on a small run: every chart in each form, and clear words when it cannot.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=${BUILD:-build}
bench=$BUILD/snugbench
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

is_png() { [ "$(head -c 4 "$1" 2>/dev/null | tail -c 3)" = PNG ]; }
is_svg() { grep -q '</svg>' "$1" 2>/dev/null; }
is_pdf() { [ "$(head -c 5 "$1" 2>/dev/null)" = %PDF- ] && tail -n 1 "$1" | grep -q %%EOF; }
# The name of an allocator or trace stands in the picture.
shows() { grep -q ">$2<" "$1"; }
# complains CODE TEXT ARGUMENT...: one line with the text on standard error, and the code.
complains()
{
    local expected=$1 text=$2
    shift 2
    "$bench" report "$@" >/dev/null 2>"$dir/said"
    [ $? -eq "$expected" ] && [ "$(wc -l <"$dir/said")" -eq 1 ] && grep -qF -- "$text" "$dir/said"
}

ok "without a folder" complains 2 'name one folder' --plot
ok "a folder that is not there" \
    complains 2 "no folder '$dir/none'; 'snugbench compare -o $dir/none" "$dir/none"
mkdir "$dir/run" "$dir/empty" "$dir/it's odd"
ok "an empty folder" complains 2 "nothing to show in '$dir/empty'" "$dir/empty"
ok "--only without --plot" complains 2 '--only goes with --plot' --only scatter "$dir/empty"
ok "a chart that is none" \
    complains 2 "no chart is called 'pie'" --plot --only scatter,pie "$dir/empty"
"$BUILD/test/test_report" "$dir/run" || fail "test_report writes the files"

mkdir "$dir/bin"
if needs "charts" gnuplot; then
    ok "charts and page are made without a complaint" \
        [ -z "$("$bench" report "$dir/run" 2>&1 >/dev/null)" ]
    for chart in scatter throughput threads utilization syscalls memory-parts timeline latency; do
        ok "$chart.png" is_png "$dir/run/$chart.png"
        ok "$chart.pdf" is_pdf "$dir/run/$chart.pdf"
        ok "$chart.svg" is_svg "$dir/run/$chart.svg"
        ok "$chart shows snug" shows "$dir/run/$chart.svg" snug
        ok "$chart is in the page" grep -q "<svg.*aria-labelledby=\"$chart-title" "$dir/run/report.html"
    done
    # gnuplot ends a name at a quote within it; the row is there all the same.
    ok "a trace with comma and quote in its name has its row" \
        shows "$dir/run/throughput.svg" second
    ok "the floor is drawn" shows "$dir/run/scatter.svg" 'floor (harness)'
    ok "nothing is left aside" [ -z "$(find "$dir/run" -name '.*')" ]

    printf '0\n2\n4\n1\na 0 100\na 1 200000\nf 0\nf 1\n' >"$dir/growing.rep"
    "$bench" stat -o "$dir/shape" "$dir/growing.rep" || fail "stat writes the files"
    ok "charts of a trace are drawn without a complaint" \
        [ -z "$("$bench" report "$dir/shape" 2>&1 >/dev/null)" ]
    for chart in trace-live trace-sizes trace-lifetimes; do
        ok "$chart.png" is_png "$dir/shape/$chart.png"
        ok "$chart.svg" is_svg "$dir/shape/$chart.svg"
        ok "$chart is in the page" \
            grep -q "<svg.*aria-labelledby=\"$chart-title" "$dir/shape/report.html"
    done
    "$bench" report --plot --only trace-sizes --trace none "$dir/shape" >/dev/null 2>"$dir/said"
    ok "and one that is not there is named" grep -q "no trace 'none'" "$dir/said"
    ok "once for all charts of it" \
        complains 1 "no trace 'none' in $dir/shape; the column" --trace none "$dir/shape"

    "$bench" report --trace first "$dir/run" >/dev/null
    ok "memory along the trace that is asked for" grep -q '>first: ' "$dir/run/timeline.svg"
    ok "one that is not there fails, and is named once" \
        complains 1 "no trace 'none' in $dir/run; the column" --trace none "$dir/run"
    ok "the chart from before stays" is_svg "$dir/run/timeline.svg"
    ok "the page says what is missing" grep -q 'no trace .*none.* in' "$dir/run/report.html"
    cp -r "$dir/run" "$dir/taken"
    rm "$dir/taken"/{report.html,*.svg}
    mkdir "$dir/taken/report.html"
    ok "no place for the page" complains 1 "cannot write '$dir/taken/report.html'" "$dir/taken"
    ok "is found before a chart is drawn" [ ! -e "$dir/taken/scatter.svg" ]

    "$bench" report --plot --only throughput,latency "$dir/run" >"$dir/text"
    ok "a chart as text" grep -qE '^ +first [|+]' "$dir/text"
    ok "with what it shows in words" grep -q '^Throughput of each trace$' "$dir/text"
    ok "100 columns wide where there is no terminal" \
        [ "$(grep '|' "$dir/text" | awk '{ print length }' | sort -n | tail -n 1)" -eq 100 ]
    ok "those alone that are asked for" [ "$(grep -c '^A [a-z]* for each' "$dir/text")" -eq 2 ]
    ok "no chart without figures" \
        complains 1 "no figures for such a chart" --plot --only micro "$dir/run"

    mkdir "$dir/failed" "$dir/percent"
    cat >"$dir/failed/compare.csv" <<'CSV'
"allocator","role","status","score","score_low","score_high","score_unit","peak_resident_bytes","peak_resident_bytes_low","peak_resident_bytes_high","left_resident_bytes"
"glibc","reference","failed",,,,"s",,,,
"snug","allocator","failed",,,,"s",,,,
CSV
    ok "a program that failed everywhere is no complaint" \
        [ -z "$("$bench" report "$dir/failed" 2>&1 >/dev/null)" ]
    mkdir "$dir/metric"
    cat >"$dir/metric/compare.csv" <<'CSV'
"allocator","role","status","score","score_low","score_high","score_unit","peak_resident_bytes","peak_resident_bytes_low","peak_resident_bytes_high","left_resident_bytes"
"glibc","reference","ok","138122","120192","161812","requests","9","9","9","9"
"snug","allocator","ok","141243","119617","154321","requests","9","9","9","9"
CSV
    "$bench" report "$dir/metric" >/dev/null
    ok "a file that does not say which way is better" shows "$dir/metric/live.svg" requests
    mkdir "$dir/more"
    sed '1s/$/,"score_better"/; 2,$s/$/,"more"/' "$dir/metric/compare.csv" >"$dir/more/compare.csv"
    "$bench" report "$dir/more" >/dev/null
    ok "more is better" shows "$dir/more/live.svg" 'requests (right is better)'
    ok "large numbers do not stand one over the other" \
        [ "$(grep -oE '>[ 0-9]+0000<' "$dir/metric/live.svg" | wc -l)" -eq 3 ]
    sed 's/"first"/"50%s"/' "$dir/run/summary.csv" >"$dir/percent/summary.csv"
    ok "nor is a per cent in a name" \
        [ -z "$("$bench" report "$dir/percent" 2>&1 >/dev/null)" ]
    ok "which is drawn as it is" shows "$dir/percent/throughput.svg" '50%s'

    cp "$dir"/run/*.csv "$dir/it's odd"
    (cd "$dir" && "$OLDPWD/$bench" report "it's odd" >/dev/null)
    ok "a folder with blank and quote, from another one" is_png "$dir/it's odd/scatter.png"

    # A program's recording is in a folder inside, and its time was not measured.
    mkdir -p "$dir/program/replay"
    echo 'Fastest: none.' >"$dir/program/answer.txt"
    awk -F , -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) timed[i] = $i ~ /^"?warm_mops/ }
        NR > 1 { for (i = 1; i <= NF; i++) if (timed[i]) $i = "" } { print }' \
        "$dir/run/summary.csv" >"$dir/program/replay/summary.csv"
    ok "what was not measured is no complaint" \
        [ -z "$("$bench" report "$dir/program" 2>&1 >/dev/null)" ]
    ok "and has no chart" [ ! -e "$dir/program/replay/throughput.svg" ]
    ok "a chart of the recording stands beside its figures" \
        is_svg "$dir/program/replay/utilization.svg"
    ok "and in the program's page" \
        grep -q '<svg.*aria-labelledby="utilization-title' "$dir/program/report.html"

    rm "$dir"/run/timeline.* "$dir/run/latency_curve.csv"
    "$bench" report "$dir/run" >/dev/null
    ok "a missing CSV has no chart" [ ! -e "$dir/run/timeline.png" ]
    ok "and the page names the command for it" \
        grep -q 'Not measured here: .*Latency of single calls (<code>' "$dir/run/report.html"
fi

message=$(PATH=$dir/bin "$bench" report "$dir/run" 2>&1 >"$dir/told")
ok "a missing gnuplot fails" [ $? -eq 1 ]
ok "no charts are told of" grep -qx "$dir/run/report.html, without charts" "$dir/told"
ok "is named once, with the way to have it" \
    [ "$(grep -c 'gnuplot is missing.*apt-get install' <<<"$message")" = 1 ]
ok "and the page is there without charts" \
    grep -q 'gnuplot is missing' "$dir/run/report.html"
printf '"a","b"\n"1","2"\n"3"\n' >"$dir/run/cut.csv"
PATH=$dir/bin "$bench" report "$dir/run" >/dev/null 2>&1
ok "a table that is cut off is named with its line" \
    grep -q 'cut.csv:3: expected' "$dir/run/report.html"
chmod a-w "$dir/run"
if [ "$(id -u)" -eq 0 ]; then
    skip "a folder without the right to write" "root may write anywhere"
else
    ok "a folder without the right to write" complains 1 'cannot write' "$dir/run"
fi
chmod u+w "$dir/run"
plan
