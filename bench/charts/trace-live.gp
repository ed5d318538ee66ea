# trace-live: live bytes along one trace, stacked by the sizes of the blocks: the first of
# the file, or the one that is asked for. From trace_live.csv.
file = dir."/trace_live.csv"
load style
height_px = 420
load canvas
load one_trace
mib(name) = is_chosen(0) ? column(name) / 1048576.0 : NaN
small(n) = mib("live_to_512_bytes")
to_32(n) = small(0) + mib("live_to_32_kib_bytes")
to_128(n) = to_32(0) + mib("live_below_128_kib_bytes")
all(n) = to_128(0) + mib("live_from_128_kib_bytes")
set title fit(sprintf("%s: live bytes by size of block", chosen))
set xlabel "operations done"
set ylabel "MiB"
set xrange [0:*]
set yrange [0:*]
set format x "%.1s%c"
set rmargin 4
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 2 maxrows key_rows
done = "operations_done_count"
plot file using (column(done)):(all(0)) with filledcurves y1=0 fillcolor rgb "#D55E00" \
        title "128 KiB and more", \
    file using (column(done)):(to_128(0)) with filledcurves y1=0 fillcolor rgb "#E69F00" \
        title "below 128 KiB", \
    file using (column(done)):(to_32(0)) with filledcurves y1=0 fillcolor rgb "#56B4E9" \
        title "up to 32 KiB", \
    file using (column(done)):(small(0)) with filledcurves y1=0 fillcolor rgb "#0072B2" \
        title "up to 512 B"
