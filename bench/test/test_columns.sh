#!/usr/bin/env bash
# METHOD.md against the files: each column of each CSV file is in a table headed "column of
# FILE" (or "of any file"), and each that stands there is in the file.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# documented DOCUMENT: "FILE COLUMN" a line. "`a_b`, `_low`" is a_b and a_b_low.
documented()
{
    awk -F '|' '
        /^\| column of / {
            file = $2
            gsub(/^ column of | $/, "", file)
            sub(/^any file$/, "*", file)
            gsub(/ /, "", file)
            next
        }
        !/^\|/ { file = "" }
        file != "" && !/^\|---/ {
            count = split($2, part, "`")
            for (i = 2; i <= count; i += 2) {
                if (part[i] !~ /^_/)
                    whole = part[i]
                print file, part[i] ~ /^_/ ? whole part[i] : part[i]
            }
        }' "$1"
}

# held FILE NAME: the columns of a CSV file, each behind the name it has in the document.
held() { head -n 1 "$1" | tr -d '"' | tr ',' '\n' | sed "s/^/$2 /"; }

# nothing NAME TEXT: passes if there is none.
nothing() { if [ -z "$2" ]; then pass "$1"; else fail "$1" "$2"; fi; }

# Each kind of run, as short as it can be; what they measure does not matter.
mkdir "$dir/replay" "$dir/live" "$dir/micro"
"$BUILD/test/test_report" "$dir/replay" || fail "test_report writes the files"
"$BUILD/snugbench" micro --only start -a glibc -r 1 --scale 0.0001 -o "$dir/micro" \
    >/dev/null 2>"$dir/said" || fail "micro runs" "$(cat "$dir/said")"
"$BUILD/snugbench" stat -o "$dir/stat" traces/vim.rep.zst >/dev/null 2>"$dir/said" ||
    fail "stat runs" "$(cat "$dir/said")"
files=("$dir"/replay/*.csv "$dir"/micro/*.csv "$dir"/stat/*.csv)
if needs "columns of compare" hyperfine; then
    "$BUILD/snugbench" compare --runs 1 -a glibc -o "$dir/live" -- true >/dev/null 2>"$dir/said" ||
        fail "compare runs" "$(cat "$dir/said")"
    echo 'true: true' >"$dir/suite"
    "$BUILD/snugbench" compare --programs "$dir/suite" --runs 1 -a glibc -o "$dir/programs" \
        >/dev/null 2>"$dir/said" || fail "compare --programs runs" "$(cat "$dir/said")"
    files+=("$dir"/live/*.csv "$dir"/programs/*.csv)
fi

documented bench/METHOD.md | sort -u >"$dir/documented"
for file in "${files[@]}"; do
    folder=$(basename "$(dirname "$file")")
    name=$(basename "$file")
    [ "$name" != samples.csv ] || name+="(${folder/live/compare})"
    held "$file" "$name"
done | sort -u >"$dir/held"

# Those "of any file" may be in each, and must be in one.
awk '$1 == "*"' "$dir/documented" >"$dir/any"
awk 'NR == FNR { any[$2] = 1; next } !($2 in any)' "$dir/any" "$dir/held" >"$dir/own"
missing=$(comm -13 <(grep -v '^\*' "$dir/documented") "$dir/own")
nothing "every column is in METHOD.md" "$missing"
extra=$(comm -23 <(grep -v '^\*' "$dir/documented") "$dir/held")
[ -n "$(type -P hyperfine)" ] || extra=$(grep -vE '^(compare|memory|programs|samples.csv.compare)' <<<"$extra")
nothing "METHOD.md has no column that is in no file" "$extra"
unused=$(awk 'NR == FNR { held[$2] = 1; next } !($2 in held)' "$dir/held" "$dir/any")
ok "nor one of any file that is in none" [ -z "$unused" ]
ok "all is there to be compared" [ "$(wc -l <"$dir/held")" -gt 100 ]

# A number without a unit is a count of nothing: every heading ends in one, or is of words.
words='trace|allocator|role|status|status_text|mode|phase|call|operation|size_class|kind|round'
words+='|benchmark|parameter|threads|library|variables|score_unit|score_better|peak_method|note|exit_code'
words+='|program|status|worst_utilization_trace|percentile|speed_is_decided|[a-z_]*verdict'
# Of a trace much is counted; its columns are called by what.
words+='|path|[a-z0-9_]*operations?|[a-z_]*blocks|[a-z_]*frees|[a-z]*allocs|memaligns|marks'
words+='|thread_(starts|ends)|[a-z_]*steps|lifetime_up_to'
units='bytes|ns|s|ratio|count|mops|ns_per_op|faults_per_pass|bytes_per_minute'
bare=$(sed 's/.* //' "$dir/held" | sort -u | grep -vxE "$words" |
    grep -vE "(^|_)($units|p|per_op)(_low|_high)?\$" | grep -vxE 'score(_low|_high)?|warm_mops.*')
nothing "units are in the names" "$bare"

if needs "JSON" python3; then
    version() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["schema_version"])' "$1"; }
    for folder in replay micro live; do
        [ ! -e "$dir/$folder/environment.json" ] ||
            ok "the files of $folder have a schema version" [ "$(version "$dir/$folder/environment.json")" = 2 ]
    done
fi
plan
