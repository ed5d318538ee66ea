# trace-lifetimes: which share of the blocks of one trace is freed after so many operations,
# and after so many bytes were asked for. From trace_lifetimes.csv.
file = dir."/trace_lifetimes.csv"
load style
height_px = 420
load canvas
load one_trace
blocks = 0
here(name) = is_chosen(0) ? column(name) : 0
stats file using (blocks = blocks + here("blocks_by_operations_count"), 0) nooutput
if (blocks == 0) { exit status 3 }
ends(n) = is_chosen(0) && column("lifetime_up_to") > 0 \
    ? column("lifetime_up_to") : NaN
set title fit(sprintf("%s: lifetimes", chosen))
set xlabel "operations, or bytes asked for, from allocation to free"
set ylabel "% of the blocks freed"
set logscale x 10
set format x "%.0s%c"
set yrange [0:100]
set rmargin 4
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 2 maxrows key_rows
by_ops = 0
by_bytes = 0
plot file using (ends(0)):(by_ops = by_ops + here("blocks_by_operations_count"), \
            100 * by_ops / blocks) with lines linewidth 2 linecolor rgb "#0072B2" \
        title "after so many operations", \
    file using (ends(0)):(by_bytes = by_bytes + here("blocks_by_bytes_count"), \
            100 * by_bytes / blocks) with lines linewidth 2 linecolor rgb "#D55E00" \
        title "after so many bytes"
