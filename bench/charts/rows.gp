# Shared by the charts with a row for each trace: names at the left, stripes behind, and
# within a row one lane for each allocator, so that no point hides another.
lanes = words(allocators)
rows = words(traces)
height_px = 130 + (rows < 8 ? 40 : 30) * rows
load canvas
row(trace) = rows + 1 - index_of(traces, trace)
lane(i) = 0.76 * ((lanes + 1) / 2.0 - i) / lanes
set yrange [0.5:rows + 0.5]
set ytics () scale 0
do for [k=1:rows] {
    set ytics add (word(traces, k) rows + 1 - k)
    if (k % 2 == 0) {
        set object k rectangle from graph 0, first rows + 0.5 - k \
            to graph 1, first rows + 1.5 - k \
            fillcolor rgb "#f2f2f2" fillstyle solid noborder behind
    }
}
set grid xtics noytics
set bmargin 6.2
set key below center horizontal Left reverse samplen 1 maxrows 2
