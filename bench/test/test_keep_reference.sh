#!/usr/bin/env bash
# scripts/keep-reference, in a folder of its own: it replaces what it writes, all or nothing.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/scripts" "$work/results/latest"
cp scripts/keep-reference scripts/halves scripts/help.sh scripts/csv.awk "$work/scripts"
kept=$work/results/reference/2026-01-02-a-cpu

# run FIGURE: as a run that ended left it.
run()
{
    printf '{\n  "date_utc": "2026-01-02T03:04:05Z",\n  "cpu_model": "A CPU"\n}\n' \
        >"$work/results/latest/environment.json"
    for file in answer.txt totals.csv timeline.csv scatter.svg scatter.png report.html; do
        echo "$1" >"$work/results/latest/$file"
    done
}
keep() { "$work/scripts/keep-reference" >"$work/out" 2>"$work/err"; }
# holds FIGURE: it is the whole run of that figure.
holds()
{
    local file
    for file in answer.txt totals.csv scatter.svg scatter.png report.html; do
        [ "$(cat "$kept/$file")" = "$1" ] || return
    done
    [ "$(gzip -dc "$kept/timeline.csv.gz")" = "$1" ] && [ ! -e "$kept/timeline.csv" ]
}
is_alone() { [ "$(ls -A "$work/results/reference")" = "${kept##*/}" ]; }

run 1
ok "the first is kept" keep
ok "whole" holds 1
mkdir "$kept/micro"
echo mine >"$kept/README.md"
echo mine >"$kept/micro/micro.csv"
run 2
ok "a second of the same day" keep
ok "replaces the first" holds 2
ok "but not what else was put there" [ "$(cat "$kept/README.md" "$kept/micro/micro.csv")" = "mine
mine" ]
ok "which is named" grep -qx 'of before, and not of this run: README.md micro' "$work/out"
run 3
rm "$work/results/latest/scatter.png"
keep
ok "one that is not whole is refused" [ $? -ne 0 ]
ok "and the one of before stays as it was" holds 2
ok "with what else was there" [ -e "$kept/README.md" ]
ok "nothing is left aside" is_alone
plan
