# syscalls: system calls by kind, all traces and phases together. From syscalls.csv.
file = dir."/syscalls.csv"
load style
# Calls that manage memory, and all others as one kind.
kinds = "brk mmap munmap mremap madvise mprotect other"
kind_of(call) = index_of(kinds, call) ? index_of(kinds, call) : words(kinds)
array floor_calls[words(kinds)]
do for [k=1:words(kinds)] { floor_calls[k] = 0 }
note_floor(k, calls) = (floor_calls[k] = floor_calls[k] + calls, 0)
stats file using (note_allocator(strcol("allocator"), strcol("role")), \
    strcol("role") eq "floor" \
    ? note_floor(kind_of(strcol("call")), column("calls_count")) : 0) nooutput
height_px = 460
load canvas
lanes = words(allocators)
width = 0.84 / lanes
place(i) = kind_of(strcol("call")) + (i - (lanes + 1) / 2.0) * width
calls(i) = (is(i) && column("calls_count") > 0 ? column("calls_count") : NaN)
set title fit("System calls by kind, sum over all traces, start-up and exit included")
set logscale y
set yrange [0.8:]
set ytics format "%.0f"
set ylabel "calls (log scale, down is better)"
set xrange [0.4:words(kinds) + 0.6]
set xtics () scale 0
if (is_narrow) { set xtics rotate by -40 }
do for [k=1:words(kinds)] {
    set xtics add (word(kinds, k) k)
    if (floor_calls[k] > 0) {
        set arrow k from first k - 0.45, floor_calls[k] to first k + 0.45, \
            floor_calls[k] nohead front linecolor rgb "black" dashtype 2
    }
}
set grid noxtics ytics
set style fill solid noborder
set boxwidth 0.9 * width
set bmargin 5 + more_below
set key below center horizontal Left reverse samplen 1 maxrows key_rows
plot for [i=1:lanes] file using (place(i)):(calls(i)) smooth frequency with boxes \
        linecolor rgb colour(i) title word(allocators, i), \
    keyentry with lines linecolor rgb "black" dashtype 2 \
        title floor_name ne "" ? "floor (harness)" : ""
