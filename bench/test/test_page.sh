#!/usr/bin/env bash
# report.html in a browser (headless Chromium): it opens from a file without an error in the
# console and without a request, every chart is there, nothing overflows, texts can be read,
# at 1280 and 400 pixels, light and dark; sorting and picking work. Names from files are text.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
BUILD=${BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
page=$dir/run/report.html

needs "the page" gnuplot || { plan && exit; }
mkdir "$dir/run"
"$BUILD/test/test_report" "$dir/run" || fail "test_report writes the files"
# Names as unkind as names can be.
# shellcheck disable=SC2016 # the dollar is part of a name
sed -i 's/"first"/"<b onclick=alert(1)>one \& '"'two'"'<\/b>"/; s/"snug"/"<i>sn\&ug"/' "$dir"/run/*.csv
printf '%s\n' 'Fastest: <script>alert("&")</script> & none.' '' '  a <table>' >"$dir/run/answer.txt"
"$BUILD/snugbench" report "$dir/run" >"$dir/said" 2>&1 || fail "the page is made" "$(cat "$dir/said")"

ok "the answer comes first" grep -qF \
    '<p class="answer">Fastest: &lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt; &amp; none.</p>' "$page"
ok "names are text in tables" grep -qF '&lt;i&gt;sn&amp;ug' "$page"
no_names_as_markup() { ! grep -qE '<(b|i)[ >]|<script>alert|<table>$.*a <table>' "$page"; }
ok "and never markup" no_names_as_markup
asks_for_nothing()
{
    ! grep -qE "(src|href|action|data|poster)=[\"']?([a-z]+:)?[/.]|@import|url\([^#]" "$page"
}
ok "nothing in it asks for a file or a host" asks_for_nothing
ok "it has a language" grep -q '<html lang="en">' "$page"

# Arguments and names are bytes, and no UTF-8 where a locale is an old one.
odd=$dir/$'d\xff'
"$BUILD/snugbench" generate churn -n 500 -o "$dir/"$'t\xfe.rep' 2>"$dir/said"
"$BUILD/snugbench" compare "$dir/"$'t\xfe.rep' -r 1 -a glibc -a snug -o "$odd" \
    >"$dir/said" 2>&1 && "$BUILD/snugbench" report "$odd" >>"$dir/said" 2>&1
ok "odd bytes in names" [ $? -eq 0 ]
for file in compare.json environment.json summary.csv report.html; do
    ok "leave $file in UTF-8" iconv -f UTF-8 -t UTF-8 -o "$dir/said" "$odd/$file"
done
ok "and in it, but for those bytes" grep -q '"t?"' "$odd/compare.json"

# Some machines' Chromium starts and cannot show a page.
cannot_show=$(lacks chromium)
if [ -z "$cannot_show" ]; then
    echo '<p>shown</p>' >"$dir/plain.html"
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$dir/profile" \
        --dump-dom "file://$dir/plain.html" 2>/dev/null | grep -q shown ||
        cannot_show="chromium shows no page here"
fi
if [ -n "$cannot_show" ]; then
    skip "in a browser" "$cannot_show"
    plan
    exit
fi

# look FILE WIDTH SCHEME: what the harness says goes to $dir/seen, the console to
# $dir/console. Scheme: 0 dark, 1 light. In a frame, since a window is not made as narrow.
look()
{
    cat >"$dir/frame.html" <<HTML
<iframe src="$1" width="$2" height="900" style="border: 0"></iframe>
<script>
addEventListener("message", ({data}) => {
    const result = document.createElement("pre");
    result.id = "result";
    result.textContent = data;
    document.body.append(result);
});
</script>
HTML
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$dir/profile" \
        --disable-background-networking --hide-scrollbars --enable-logging=stderr \
        --virtual-time-budget=10000 --blink-settings=preferredColorScheme="$3" \
        --dump-dom "file://$dir/frame.html" >"$dir/dom" 2>"$dir/log"
    grep CONSOLE "$dir/log" >"$dir/console"
    sed -n '/<pre id="result">/,/<\/pre>/p' "$dir/dom" >"$dir/seen"
}
# sees NAME VALUE
sees() { grep -qx -- "$1 $2" "$dir/seen" || { sed 's/^/# /' "$dir/seen" && false; }; }
seen() { sed -n "s/^$1 //p" "$dir/seen"; }

# with_script FILE SCRIPT...: the page, with scripts of ours at its end, in a scope of theirs.
with_script()
{
    local to=$1
    shift
    { sed '/<\/body>/,$d' "$page" && printf '<script>\n{\n' && cat "$@" &&
        printf '}\n</script>\n</body>\n</html>\n'; } >"$to"
}
with_script "$dir/probe.html" bench/test/page_harness.js

for width in 1280 400; do
    for scheme in light dark; do
        at="$width pixels, $scheme"
        [ "$scheme" = dark ] && number_of_scheme=0 || number_of_scheme=1
        look probe.html "$width" "$number_of_scheme"
        ok "$at: so wide" sees width "$width"
        ok "$at: so dark" sees dark "$([ "$scheme" = dark ] && echo true || echo false)"
        ok "$at: nothing in the console" [ ! -s "$dir/console" ]
        ok "$at: no request" sees requests 0
        ok "$at: every chart" sees charts 8
        ok "$at: no overflow" sees overflow 0
        ok "$at: boxes stay inside" sees wide-boxes 0
        ok "$at: texts can be read" sees faint-texts 0
        ok "$at: marks can be seen" [ "$(seen least-mark-contrast | tr -d .)" -ge 200 ]
    done
done
ok "charts have titles and descriptions" sees unnamed-charts 0
ok "an id stands for one thing" sees repeated-ids 0
ok "headings say what they head" sees headings-without-scope 0
ok "a click sorts a table" sees rises true
ok "another the other way round" sees falls true
ok "which is said to screen readers" sees sorted descending
ok "an allocator that is not picked goes from tables" sees rows-picked 1
ok "and from charts" sees plots-picked 10

# The test can fail: an error and a request are seen.
printf '%s\n' 'document.body.append(Object.assign(new Image(), {src: "https://localhost:9/x.png"}));' \
    'no_such_function();' >"$dir/bad.js"
with_script "$dir/bad.html" "$dir/bad.js"
look bad.html 1280 1
ok "an error would be seen" grep -q no_such_function "$dir/console"
ok "and what asks for another host is refused" grep -qi 'Content Security Policy' "$dir/console"
plan
