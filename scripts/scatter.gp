# scatter: the one picture that says who wins. Geometric mean of throughput against mean
# utilization, a labelled point for each allocator (from totals.csv), and a small one for
# each of its traces (from summary.csv).
file = dir."/totals.csv"
each = dir."/summary.csv"
load scripts."/style.gp"
height_px = 560
load scripts."/canvas.gp"
stats file using (note_allocator(strcol("allocator"), strcol("role"))) nooutput
lanes = words(allocators)
array speed[lanes]
array compact[lanes]
floor_mops = 0
worth(i, name) = (is(i) ? column(name) : NaN)
do for [i=1:lanes] {
    speed[i] = NaN
    compact[i] = NaN
}
keep(i, mops, utilization) = (speed[i] = mops, compact[i] = utilization, 0)
keep_any(mops, utilization) = (sum [i=1:lanes] (is(i) ? keep(i, mops, utilization) : 0))
stats file using (strcol("role") eq "floor" ? (floor_mops = column("geomean_warm_mops")) \
    : keep_any(column("geomean_warm_mops"), column("mean_utilization_ratio"))) nooutput
stats each using (column("warm_mops")) nooutput
low = STATS_min / 1.2
high = STATS_max * 1.2

# A label stands above its point, or below it if another point is close above.
is_close(i, k) = i != k && abs(log(speed[i] / speed[k])) < 0.12 * log(high / low) \
    && compact[k] >= compact[i] && compact[k] - compact[i] < 0.07
rise(i) = (sum [k=1:lanes] is_close(i, k)) > 0 ? -1.3 : 1.3
do for [i=1:lanes] {
    set label i word(allocators, i) at speed[i], compact[i] center offset 0, rise(i) \
        textcolor rgb colour(i) font ",12" front
}
set title "Speed against compactness (large: all traces with 95 % interval, small: one trace)"
set logscale x
set xrange [low:high]
set for [decade=-2:4] xtics add (1 * 10**decade, 2 * 10**decade, 5 * 10**decade)
set yrange [0:1.03]
set xlabel "million operations per second (geometric mean, log scale, right is better)"
set ylabel "utilization: peak live / peak resident growth (mean, up is better)"
unset key
if (floor_mops > 0) {
    set arrow 1 from floor_mops, graph 0 to floor_mops, graph 1 nohead dashtype 2 \
        linecolor rgb "black" back
    set label lanes + 1 "floor (harness)" at floor_mops, graph 0.03 right \
        offset -0.8, 0 textcolor rgb "black"
}
faint(i) = "#A0".substr(colour(i), 2, 7)
plot for [i=1:lanes] each using (worth(i, "warm_mops")):(column("utilization_ratio")) \
        with points pointtype mark(i) pointsize 0.45 linecolor rgb faint(i), \
    for [i=1:lanes] file using (worth(i, "geomean_warm_mops")): \
        (column("mean_utilization_ratio")):(column("geomean_warm_mops_low")): \
        (column("geomean_warm_mops_high")) with xerrorbars pointtype mark(i) \
        pointsize 1.5 linewidth 1.4 linecolor rgb colour(i)
