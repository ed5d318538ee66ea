# syscalls: memory system calls by kind, all traces and phases together. From syscalls.csv.
file = dir."/syscalls.csv"
load scripts."/style.gp"
height_px = 460
load scripts."/canvas.gp"
kinds = ""
note_kind(text) = index_of(kinds, text) ? 0 : (kinds = kinds.quote(text), 0)
stats file using (column("calls_count") > 0 ? note_kind(strcol("call")) : 0, \
    note_allocator(strcol("allocator"), strcol("role"))) nooutput
lanes = words(allocators)
width = 0.8 / lanes
kind(i) = index_of(kinds, strcol("call")) + (i - (lanes + 1) / 2.0) * width
calls(i) = (is(i) && column("calls_count") > 0 ? column("calls_count") : NaN)
set title "Memory system calls by kind, sum over all traces, start-up and exit included"
set logscale y
set yrange [0.8:]
set ytics format "%.0f"
set ylabel "calls (log scale, down is better)"
set xrange [0.4:words(kinds) + 0.6]
set xtics () scale 0
do for [k=1:words(kinds)] {
    set xtics add (word(kinds, k) k)
}
set grid noxtics ytics
set style fill solid noborder
set boxwidth 0.9 * width
set bmargin 5
set key below center horizontal Left reverse samplen 1 maxrows 2
array floor_sum[words(kinds)]
do for [k=1:words(kinds)] { floor_sum[k] = 0 }
add_floor(k, value) = k ? (floor_sum[k] = floor_sum[k] + value) : 0
stats file using (strcol("role") eq "floor" \
    ? add_floor(index_of(kinds, strcol("call")), column("calls_count")) : 0) nooutput
do for [k=1:words(kinds)] {
    if (floor_sum[k] > 0) {
        set arrow k from first k - 0.45, floor_sum[k] to first k + 0.45, floor_sum[k] \
            nohead front linecolor rgb "black" dashtype 2
    }
}
plot for [i=1:lanes] file using (kind(i)):(calls(i)) smooth frequency with boxes \
        linecolor rgb colour(i) title word(allocators, i), \
    keyentry with lines linecolor rgb "black" dashtype 2 \
        title floor_name ne "" ? "floor (harness)" : ""
