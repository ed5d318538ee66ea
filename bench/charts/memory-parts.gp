# memory-parts: what resident memory is made of at its peak, and how much of the peak is kept
# when everything has been freed; means over the traces. From totals.csv.
file = dir."/totals.csv"
load style
# NaN where a figure is missing: an allocator that does not tell the size of its blocks has
# no parts, but may have kept something.
share(name) = 100 * column(name)
has_figure(x) = x == x
note_drawn(text, role, x) = has_figure(x) ? note_allocator(text, role) : 0
stats file using (note_drawn(strcol("allocator"), strcol("role"), \
    column("mean_live_share_ratio"))) nooutput
lanes = words(allocators)
panels = 2
if (lanes == 0) {
    exit status 3
}
height_px = 190 + 42 * lanes
load canvas
place(x) = lanes + 1 - index_of(allocators, strcol("allocator"))
live(x) = share("mean_live_share_ratio")
internal(x) = share("mean_internal_share_ratio")
external(x) = share("mean_external_share_ratio")
drawn(x) = index_of(allocators, strcol("allocator")) > 0 ? x : NaN
set multiplot
set yrange [0.4:lanes + 0.6]
set ytics () scale 0
do for [k=1:lanes] {
    set ytics add (as_tic(word(allocators, k)) lanes + 1 - k)
}
set xrange [0:100]
set xtics 25 scale 0 format "%g %%"
set grid xtics noytics
set style fill solid 1 noborder
set bmargin at screen is_narrow ? 0.62 : 0.2
set tmargin at screen is_narrow ? 0.94 : 0.86
half = 0.32
set lmargin at screen is_narrow ? 0.24 : 0.125
set rmargin at screen is_narrow ? 0.94 : 0.56
set title "At the peak of resident memory"
set key at screen (is_narrow ? 0.5 : 0.34), screen (is_narrow ? 0.55 : 0.06) \
    center horizontal Left reverse samplen 1.5 maxrows 1
plot file using (drawn(live(0) / 2)):(place(0)):(live(0) / 2):(half) \
        with boxxyerrorbars linecolor rgb "#4c78a8" title "asked for", \
    file using (drawn(live(0) + internal(0) / 2)):(place(0)):(internal(0) / 2):(half) \
        with boxxyerrorbars linecolor rgb "#c98412" title "internal", \
    file using (drawn(live(0) + internal(0) + external(0) / 2)):(place(0)): \
        (external(0) / 2):(half) \
        with boxxyerrorbars linecolor rgb "#c8553d" title "external", \
    file using (drawn(live(0) / 2)):(place(0)):(sprintf("%.0f", live(0))) \
        with labels textcolor rgb "white" notitle, \
    file using (drawn(external(0) >= 6 ? live(0) + internal(0) + external(0) / 2 : NaN)): \
        (place(0)):(sprintf("%.0f", external(0))) \
        with labels textcolor rgb "white" notitle
if (is_narrow) {
    set bmargin at screen 0.12
    set tmargin at screen 0.44
} else {
    unset ytics
    set lmargin at screen 0.63
    set rmargin at screen 0.97
}
set title "Kept of it when all is freed"
set key at screen (is_narrow ? 0.5 : 0.8), screen (is_narrow ? 0.05 : 0.06) maxrows 1
after(name) = share("mean_after_".name."_share_ratio")
plot file using (drawn(after("free") / 2)):(place(0) + 0.17):(after("free") / 2):(0.15) \
        with boxxyerrorbars linecolor rgb "#7f8fa6" title "at once", \
    file using (drawn(after("second") / 2)):(place(0) - 0.17):(after("second") / 2):(0.15) \
        with boxxyerrorbars linecolor rgb "#2f4b63" title "a second later"
unset multiplot
