# Shared by the charts with a row for each trace: names at the left, stripes behind, and
# within a row one lane for each allocator, so that no point hides another.
lanes = words(allocators)
rows = words(traces)
# In a narrow picture long names have two lines. Their share of the width:
has_long_names = (sum [k=1:rows] (strlen(word(traces, k)) > 22)) > 0
names_share = has_long_names ? 0.42 : 0.27
height_px = 130 + (is_narrow && has_long_names || rows < 8 ? 40 : 30) * (rows < 2 ? 2 : rows)
load canvas
row(trace) = rows + 1 - index_of(traces, trace)
lane(i) = 0.76 * ((lanes + 1) / 2.0 - i) / lanes
set yrange [0.5:rows + 0.5]
set ytics () scale 0
do for [k=1:rows] {
    set ytics add (as_tic(is_narrow ? cut(word(traces, k), 22) : word(traces, k)) \
        rows + 1 - k)
    if (k % 2 == 0) {
        set object k rectangle from graph 0, first rows + 0.5 - k \
            to graph 1, first rows + 1.5 - k \
            fillcolor rgb "#f2f2f2" fillstyle solid noborder behind
    }
}
set grid xtics noytics
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 1 maxrows key_rows
if (is_narrow) {
    line_limit = has_long_names ? 28 : 36
    set key at screen 0.5, screen 0.01 center bottom
}
