# micro-scaling: throughput over threads that share nothing, and the cost of an operation
# over live blocks. From micro.csv.
file = dir."/micro.csv"
load style
panels = 2
of(benchmark, what) = strcol("benchmark") eq benchmark ? column(what) : NaN
stats file using (note_allocator(strcol("allocator"), "")) nooutput
stats file using (of("local", "ns_per_op")) name "LOCAL" nooutput
stats file using (of("growth", "ns_per_op")) name "GROWTH" nooutput
if (!has("LOCAL") && !has("GROWTH")) { exit status 3 }
height_px = 460
load canvas
lanes = words(allocators)
mine(i, benchmark, what) = (is(i) ? of(benchmark, what) : NaN)
set multiplot layout panel_rows,panel_columns
set bmargin 6 + more_below
set logscale x 2
set key at screen 0.5, screen 0.01 center bottom horizontal Left reverse samplen 2 \
    maxcols 6
if (has("LOCAL")) {
    set title "Threads with work of their own (16-512 B)"
    set xlabel "threads"
    set ylabel "million operations per second, all threads"
    set xtics (1, 2, 4, 8)
    set xrange [0.9:9]
    set yrange [0:]
    plot for [i=1:lanes] file using (column("threads")): \
            (1000 / mine(i, "local", "ns_per_op")) with linespoints \
            pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) \
            title word(allocators, i)
    unset key
}
if (has("GROWTH")) {
    set title "Growth of cost (16-256 B)"
    set xlabel "live blocks"
    set ylabel "ns per free and malloc"
    unset logscale x
    set logscale x 10
    set xtics autofreq
    set xtics ("10^4" 1e4, "10^5" 1e5, "10^6" 1e6, "10^7" 1e7)
    set xrange [7e3:1.4e7]
    set yrange [0:]
    plot for [i=1:lanes] file using (strcol("benchmark") eq "growth" ? real(word(strcol("parameter"), 1)) : NaN): \
            (mine(i, "growth", "ns_per_op")) with linespoints \
            pointtype mark(i) pointsize 0.7 linecolor rgb colour(i) \
            title word(allocators, i)
}
unset multiplot
