# trace-sizes: what one trace asks for by size: the share of requests, of the bytes asked
# for, and of those live at the peak. From trace_sizes.csv.
file = dir."/trace_sizes.csv"
load style
height_px = 420
load canvas
load one_trace
requests = 0
bytes = 0
peak = 0
here(name) = is_chosen(0) ? column(name) : 0
stats file using (requests = requests + here("requests_count"), \
    bytes = bytes + here("requested_bytes"), \
    peak = peak + here("peak_live_bytes"), 0) nooutput
class(n) = is_chosen(0) ? log(column("size_up_to_bytes") + 0.5) / log(2) : NaN
pct(name, whole) = is_chosen(0) && whole > 0 ? 100.0 * column(name) / whole : NaN
set title fit(sprintf("%s: requests and bytes by size", chosen))
set xlabel "size of the request, up to"
set ylabel "%"
set yrange [0:*]
set xtics ("1 B" 0, "16 B" 4, "256 B" 8, "4 KiB" 12, "64 KiB" 16, "1 MiB" 20, "16 MiB" 24, \
    "256 MiB" 28)
set rmargin 4
set bmargin 6.2 + more_below
set key below center horizontal Left reverse samplen 2 maxrows key_rows
set boxwidth 0.26
set style fill solid noborder
plot file using (class(0) - 0.28):(pct("requests_count", requests)) with boxes \
        linecolor rgb "#0072B2" title "of the requests", \
    file using (class(0)):(pct("requested_bytes", bytes)) with boxes \
        linecolor rgb "#E69F00" title "of the bytes asked for", \
    file using (class(0) + 0.28):(pct("peak_live_bytes", peak)) with boxes \
        linecolor rgb "#D55E00" title "of the bytes live at the peak"
