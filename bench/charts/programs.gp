# programs: whole programs under each allocator: speed against the reference with 95 %
# intervals, and peak memory against it; last the geometric means. From programs.csv and
# programs_totals.csv.
file = dir."/programs.csv"
totals = dir."/programs_totals.csv"
load style
panels = 2
stats file using (note_trace(strcol("program")), \
    note_allocator(strcol("allocator"), "")) nooutput
all = "all (geomean)"
ignored = note_trace(all)
reference = ""
note_reference(verdict, text) = verdict eq "reference" ? (reference = text, 0) : 0
stats file using (note_reference(strcol("speed_verdict"), strcol("allocator"))) nooutput
stats file using (column("speed_ratio_low")) name "LOW" nooutput
stats file using (column("speed_ratio_high")) name "HIGH" nooutput
if (!has("LOW")) { exit status 3 }
stats file using (column("peak_resident_ratio")) name "PEAK" nooutput
load rows
here(i, name) = (is(i) ? column(name) : NaN)
level(i) = row(strcol("program")) + lane(i)
all_level(i) = row(all) + lane(i)
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead dashtype 2 \
    linecolor rgb "black"
set logscale x
ratios = "0.1 0.2 0.3 0.5 0.7 0.8 0.9 1 1.1 1.25 1.4 2 3 5 10"
set xtics ()
do for [k=1:words(ratios)] { set xtics add (word(ratios, k) real(word(ratios, k))) }
set multiplot layout panel_rows,panel_columns
set bmargin 7 + more_below
set key at screen 0.5, screen 0.01 center bottom horizontal Left reverse samplen 1 \
    maxcols 4
set lmargin at screen is_narrow ? names_share : 0.14
set rmargin at screen is_narrow ? 0.96 : 0.56
set xrange [LOW_min / 1.1:HIGH_max * 1.1]
set title fit("Speed against ".reference." (bars: 95 % interval)")
set xlabel fit("time of ".reference." / time (log, right is better)")
plot for [i=1:lanes] file using (here(i, "speed_ratio")):(level(i)): \
        (column("speed_ratio_low")):(column("speed_ratio_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.7 \
        linecolor rgb colour(i) title word(allocators, i), \
    for [i=1:lanes] totals using (here(i, "speed_ratio")):(all_level(i)): \
        (column("speed_ratio_low")):(column("speed_ratio_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) notitle
unset key
if (!is_narrow) {
    set lmargin at screen 0.605
    set rmargin at screen 0.975
    unset ytics
}
set xrange [(has("PEAK") ? PEAK_min : 1) / 1.1:(has("PEAK") ? PEAK_max : 1) * 1.1]
set title "Peak memory against ".reference
set xlabel fit("peak resident / its peak (log, left is better)")
plot for [i=1:lanes] file using (here(i, "peak_resident_ratio")):(level(i)) \
        with points pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) notitle, \
    for [i=1:lanes] totals using (here(i, "peak_resident_ratio")):(all_level(i)) \
        with points pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) notitle
unset multiplot
