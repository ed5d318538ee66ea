# timeline: live against resident bytes along one trace, for all allocators: the trace with
# the largest peak, or the one that is asked for. From timeline.csv.
file = dir."/timeline.csv"
load style
height_px = 480
load canvas
chosen = trace
wanted = trace
largest = -1
offer(name, live) = wanted eq "" && live > largest ? (largest = live, chosen = name, 0) : 0
is_there = wanted eq ""
note_chosen(name) = name eq wanted ? (is_there = 1, 0) : 0
stats file using (offer(strcol("trace"), column("live_bytes")), \
    note_chosen(strcol("trace"))) nooutput
if (!is_there) {
    exit status 4 # no such trace, as report/gnuplot.c knows it
}
stats file using (strcol("trace") eq chosen \
    ? note_allocator(strcol("allocator"), strcol("role")) : 0) nooutput
lanes = words(allocators)
mib(name) = column(name) / 1048576.0
here(name) = (strcol("trace") eq chosen ? mib(name) : NaN)
resident(i) = (is(i) ? here("resident_growth_bytes") : NaN)
live(i) = (is(i) ? here("live_bytes") : NaN)
set title fit(sprintf("%s: live bytes against resident growth over the floor", chosen))
set xlabel "operations done"
set ylabel "MiB (down is better)"
set xrange [0:*]
set yrange [0:*]
set format x "%.1s%c"
set rmargin 4
set grid xtics ytics
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 2 maxrows key_rows
plot file using (column("operations_done_count")):(live(1)) with filledcurves y1=0 \
        fillcolor rgb "#dddddd" notitle, \
    for [i=1:lanes] file using (column("operations_done_count")):(resident(i)) \
        with lines linewidth 1.6 linecolor rgb colour(i) title word(allocators, i), \
    file using (column("operations_done_count")):(live(1)) with lines linewidth 1.6 \
        linecolor rgb "black" title "live"
