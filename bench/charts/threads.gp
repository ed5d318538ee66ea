# threads: traces that several threads replayed: wall time against the reference with 95 %
# intervals, and against the flattened trace. From summary.csv.
file = dir."/summary.csv"
load style
panels = 2
is_threaded = "column('scaling_ratio') > 0"
rows_threaded = 0
note_row(trace, allocator, role) = (rows_threaded = rows_threaded + 1, \
    note_trace(trace), note_allocator(allocator, role))
stats file using (@is_threaded \
    ? note_row(strcol("trace"), strcol("allocator"), strcol("role")) : 0) nooutput
if (rows_threaded == 0) { exit status 3 }
reference = ""
note_reference(role, text) = role eq "reference" ? (reference = text, 0) : 0
stats file using (note_reference(strcol("role"), strcol("allocator"))) nooutput
is_peer = "strcol('role') ne 'floor'"
stats file using (@is_threaded && @is_peer ? column("warm_speed_ratio_low") : NaN) \
    name "LOW" nooutput
stats file using (@is_threaded && @is_peer ? column("warm_speed_ratio_high") : NaN) \
    name "HIGH" nooutput
stats file using (@is_threaded ? column("scaling_ratio") : NaN) name "SCALE" nooutput
load rows
here(i, name) = (is(i) && @is_threaded ? column(name) : NaN)
level(i) = row(strcol("trace")) + lane(i)
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead dashtype 2 \
    linecolor rgb "black"
set logscale x
ratios = "0.05 0.1 0.2 0.3 0.5 0.7 1 1.4 2 3 5 10 20"
set xtics ()
do for [k=1:words(ratios)] { set xtics add (word(ratios, k) real(word(ratios, k))) }
set multiplot layout panel_rows,panel_columns
set bmargin 8.5 + more_below
set key at screen 0.5, screen 0.01 center bottom horizontal Left reverse samplen 1 \
    maxrows key_rows
set lmargin at screen is_narrow ? names_share : 0.2
set rmargin at screen is_narrow ? 0.96 : 0.58
set xrange [LOW_min / 1.1:HIGH_max * 1.1]
set title fit("Speed in threads against ".reference." (bars: 95 % interval)")
set xlabel fit("wall time of ".reference." / wall time (log, right is better)")
plot for [i=1:lanes] file using (here(i, "warm_speed_ratio")):(level(i)): \
        (column("warm_speed_ratio_low")):(column("warm_speed_ratio_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.7 \
        linecolor rgb colour(i) title word(allocators, i), \
    NaN with lines linecolor rgb "black" linewidth 2 \
        title floor_name ne "" ? "floor (harness)" : ""
unset key
if (!is_narrow) {
    set lmargin at screen 0.62
    set rmargin at screen 0.975
    unset ytics
}
set xrange [SCALE_min / 1.2:(SCALE_max > 1 ? SCALE_max : 1) * 1.2]
set title "Against the flattened trace"
set xlabel fit("time of one thread / wall time (log, right is better)")
plot for [i=1:lanes] file using (here(i, "scaling_ratio")):(level(i)) \
        with points pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) notitle, \
    file using (strcol("role") eq "floor" && @is_threaded \
            ? column("scaling_ratio") : NaN):(row(strcol("trace")) - 0.4):(0):(0.8) \
        with vectors nohead linecolor rgb "black" linewidth 2 notitle
unset multiplot
