# latency: how long one malloc and one free take, by percentile, over the traces that all
# allocators completed. The floor is what the clock and the harness take, and what the
# machine puts in between. From latency_curve.csv.
file = dir."/latency_curve.csv"
load style
panels = 2
of(operation, what) = (strcol("operation") eq operation ? column(what) : NaN)
stats file using (note_allocator(strcol("allocator"), strcol("role"))) nooutput
stats file using (of("malloc", "latency_ns")) name "MALLOC" nooutput
stats file using (of("free", "latency_ns")) name "FREE" nooutput
stats file using (column("traces_count")) name "TRACES" nooutput
if (!has("MALLOC") || !has("FREE")) { exit status 3 }
height_px = 480
load canvas
lanes = words(allocators)
one_in(percentile) = 100.0 / (100 - percentile)
mine(i, operation) = (is(i) ? of(operation, "latency_ns") : NaN)
floor_of(operation) = \
    (strcol("role") eq "floor" ? of(operation, "latency_ns") : NaN)
least = MALLOC_min < FREE_min ? MALLOC_min : FREE_min
most = MALLOC_max > FREE_max ? MALLOC_max : FREE_max
set multiplot layout panel_rows,panel_columns
set bmargin 7.5 + more_below
set logscale xy
set xrange [2:100000]
set xtics ("50" 2, "90" 10, "99" 100, "99.9" 1000, "99.99" 10000, "99.999" 100000)
set xlabel "percentile of operations"
set yrange [least * 0.8e-9:most * 1.3e-9]
set format y "%.0s %cs"
set ylabel "latency, clock included (down is better)"
set key at screen 0.5, screen 0.01 center bottom horizontal Left reverse samplen 2
do for [operation in "malloc free"] {
    set title sprintf("%s (%d %s)", operation, TRACES_max, TRACES_max == 1 ? "trace" : "traces")
    plot for [i=1:lanes] file using (one_in(column("percentile"))):(mine(i, operation) * 1e-9) \
            with lines linewidth 1.6 linecolor rgb colour(i) title word(allocators, i), \
        file using (one_in(column("percentile"))):(floor_of(operation) * 1e-9) with lines linewidth 1.6 \
            dashtype 2 linecolor rgb "#606060" title "floor (harness)"
    unset key
    unset ylabel
}
unset multiplot
