# memory: resident memory of the program and its children along its first measured run under
# each allocator. From memory.csv.
file = dir."/memory.csv"
load style
height_px = 480
load canvas
ready = -1
note_load(phase, time) = phase eq "load" && ready < 0 ? (ready = time, 0) : 0
stats file using (column("round") == 1 ? note_allocator(strcol("allocator"), strcol("role")) : 0, \
    note_load(strcol("phase"), column("time_s"))) nooutput
lanes = words(allocators)
if (lanes == 0) {
    exit status 3
}
here(i) = (is(i) && column("round") == 1 ? column("resident_bytes") / 1048576.0 : NaN)
set title fit(ready < 0 ? "Resident memory while the program runs" \
    : "Resident memory of the server: start, load, what is left, stop")
set xlabel "seconds since the start"
set ylabel "MiB (down is better)"
set xrange [0:*]
set yrange [0:*]
set rmargin 4
set grid xtics ytics
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 2 maxrows key_rows
plot for [i=1:lanes] file using (column("time_s")):(here(i)) \
    with lines linewidth 1.6 linecolor rgb colour(i) title word(allocators, i)
