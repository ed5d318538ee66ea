# micro: the micro-benchmarks: speed and peak memory against the reference. From micro.csv.
file = dir."/micro.csv"
load style
panels = 2
name(unused) = strcol("benchmark").", ".strcol("parameter") \
    .(column("threads") > 1 ? ", ".strcol("threads")." threads" : "")
stats file using (note_trace(name(0)), note_allocator(strcol("allocator"), "")) nooutput
reference = ""
note_reference(verdict, text) = verdict eq "reference" ? (reference = text, 0) : 0
stats file using (note_reference(strcol("speed_verdict"), strcol("allocator"))) nooutput
stats file using (column("speed_ratio_low")) name "LOW" nooutput
stats file using (column("speed_ratio_high")) name "HIGH" nooutput
if (!has("LOW")) { exit status 3 }
stats file using (column("peak_resident_ratio")) name "PEAK" nooutput
load rows
here(i, what) = (is(i) ? column(what) : NaN)
level(i) = row(name(0)) + lane(i)
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead dashtype 2 \
    linecolor rgb "black"
set logscale x
ratios = "0.01 0.03 0.1 0.3 1 3 10 30 100"
set xtics ()
do for [k=1:words(ratios)] { set xtics add (word(ratios, k) real(word(ratios, k))) }
set multiplot layout panel_rows,panel_columns
set bmargin 7 + 2 * more_below
set key at screen 0.5, screen 0.01 center bottom horizontal Left reverse samplen 1 \
    maxcols is_narrow ? 2 : 6
set lmargin at screen is_narrow ? names_share : 0.36
set rmargin at screen is_narrow ? 0.96 : 0.68
set xrange [LOW_min / 1.2:HIGH_max * 1.2]
set title fit("Speed against ".reference." (bars: 95 % interval)")
set xlabel fit("time of ".reference." / time (log, right is better)")
plot for [i=1:lanes] file using (here(i, "speed_ratio")):(level(i)): \
        (column("speed_ratio_low")):(column("speed_ratio_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.6 \
        linecolor rgb colour(i) title word(allocators, i)
unset key
if (!is_narrow) {
    set lmargin at screen 0.72
    set rmargin at screen 0.975
    unset ytics
}
set xrange [(has("PEAK") ? PEAK_min : 1) / 1.2:(has("PEAK") ? PEAK_max : 1) * 1.2]
set title "Peak memory against ".reference
set xlabel fit("peak / its peak (log, left is better)")
plot for [i=1:lanes] file using (here(i, "peak_resident_ratio")):(level(i)) \
        with points pointtype mark(i) pointsize 0.6 linecolor rgb colour(i) notitle
unset multiplot
