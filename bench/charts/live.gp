# live: a whole program under each allocator: its time, or what --load-metric found, with
# 95 % interval, and its peak of resident memory. From compare.csv.
file = dir."/compare.csv"
load style
panels = 2
stats file using (note_allocator(strcol("allocator"), strcol("role"))) nooutput
unit = ""
is_server = 0 # nothing else has memory left after its load
note_left(text) = (is_server = is_server || text ne "", 0)
stats file using (note_left(strcol("left_resident_bytes"))) nooutput
stats file using (unit eq "" ? (unit = strcol("score_unit"), 0) : 0) nooutput
better = "" # older files do not say which way
note_better(text) = (better = text, 0)
if (unit ne "s") { stats file using (note_better(strcol("score_better"))) nooutput }
if (!exists("better")) { better = "" }
direction = better eq "more" ? " (right is better)" \
    : better eq "less" ? " (left is better)" : ""
stats file using (column("score_low")) name "LOW" nooutput
stats file using (column("score_high")) name "HIGH" nooutput
stats file using (column("peak_resident_bytes_high") / 1048576.0) name "PEAK" nooutput
if (!has("LOW")) { exit status 3 }
traces = allocators
load rows
level(i) = row(word(allocators, i))
here(i, what) = (is(i) ? column(what) : NaN)
mib(i, what) = here(i, what) / 1048576.0
# Numbers like 0.0012 would stand one over the other.
scale = unit eq "s" && HIGH_max < 1 ? 1000 : 1
most_mib = has("PEAK") ? PEAK_max : 1
set bmargin 4 + more_below
unset key
set multiplot layout panel_rows,panel_columns
set lmargin at screen is_narrow ? names_share : 0.14
set rmargin at screen is_narrow ? 0.96 : 0.56
set xrange [0:scale * HIGH_max * 1.05]
score = unit ne "s" ? "Load" : is_server ? "Time of the load" : "Time of a run"
set title score." (bars: 95 % interval)"
set xlabel unit eq "s" ? (scale == 1 ? "seconds" : "milliseconds")." (left is better)" \
    : fit(unit.direction)
# Numbers of six digits stand side by side if there are few of them.
most = 1.05 * HIGH_max
power = most > 0 ? 10.0 ** floor(log10(most)) : 1
if (unit ne "s") {
    set xtics most < 2 * power ? power / 2 : most < 5 * power ? power : 2 * power
}
plot for [i=1:lanes] file using (scale * here(i, "score")):(level(i)): \
        (scale * column("score_low")):(scale * column("score_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.9 linecolor rgb colour(i)
if (!is_narrow) {
    set lmargin at screen 0.605
    set rmargin at screen 0.975
    unset ytics
}
set xtics autofreq
set xrange [0:most_mib * 1.05]
set title "Peak resident memory"
set xlabel "MiB (left is better)"
plot for [i=1:lanes] file using (mib(i, "peak_resident_bytes")):(level(i)): \
        (column("peak_resident_bytes_low") / 1048576.0): \
        (column("peak_resident_bytes_high") / 1048576.0) \
        with xerrorbars pointtype mark(i) pointsize 0.9 linecolor rgb colour(i)
unset multiplot
