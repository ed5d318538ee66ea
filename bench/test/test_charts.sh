#!/usr/bin/env bash
# scripts/charts on a small run: every chart in both forms, and clear words when it cannot.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

is_png() { [ "$(head -c 4 "$1" 2>/dev/null | tail -c 3)" = PNG ]; }
is_svg() { grep -q '</svg>' "$1" 2>/dev/null; }
# The name of an allocator or trace stands in the picture.
shows() { grep -q ">$2<" "$1"; }

needs "charts" gnuplot || { plan && exit; }
mkdir "$dir/run" "$dir/empty" "$dir/it's odd"
"$BUILD/test/test_report" "$dir/run" || fail "test_report writes the files"
ok "charts are drawn without a word" [ -z "$(scripts/charts "$dir/run" 2>&1)" ]
for chart in scatter throughput utilization syscalls memory-parts timeline latency; do
    ok "$chart.png" is_png "$dir/run/$chart.png"
    ok "$chart.svg" is_svg "$dir/run/$chart.svg"
    ok "$chart shows snug" shows "$dir/run/$chart.svg" snug
done
# gnuplot ends a name at a quote within it; the row is there all the same.
ok "a trace with comma and quote in its name has its row" \
    shows "$dir/run/throughput.svg" second
ok "the floor is drawn" shows "$dir/run/scatter.svg" 'floor (harness)'
ok "nothing is left aside" [ -z "$(find "$dir/run" -name '.*')" ]

cp "$dir"/run/*.csv "$dir/it's odd"
ok "a directory with blank and quote" scripts/charts "$dir/it's odd"

rm "$dir/run/timeline.csv" "$dir/run/timeline.png"
message=$(scripts/charts "$dir/run" 2>&1)
ok "a missing CSV is named" grep -q 'no timeline chart: .*timeline.csv is missing' <<<"$message"
ok "and its chart is not drawn" [ ! -e "$dir/run/timeline.png" ]
message=$(scripts/charts "$dir/empty" 2>&1)
ok "an empty directory fails" [ $? -eq 1 ]
message=$(scripts/charts "$dir/none" 2>&1)
ok "so does a missing one" grep -q "no directory '$dir/none'" <<<"$message"
mkdir "$dir/bin"
for tool in bash dirname; do ln -s "$(command -v $tool)" "$dir/bin"; done
message=$(PATH=$dir/bin scripts/charts "$dir/run" 2>&1)
ok "a missing gnuplot is named" grep -q 'gnuplot is missing' <<<"$message"
plan
