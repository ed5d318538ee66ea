# scatter: the one picture that says who wins. Geometric mean of throughput against mean
# utilization, a labelled point for each allocator (from totals.csv), and a small one for
# each of its traces (from summary.csv).
file = dir."/totals.csv"
each = dir."/summary.csv"
load style
stats file using (note_allocator(strcol("allocator"), strcol("role"))) nooutput
stats each using (note_figure(strcol("warm_mops"))) nooutput
if (figures == 0) { exit status 3 }
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
count = (sum [i=1:lanes] (speed[i] == speed[i] && compact[i] == compact[i]))
if (count == 0) { exit status 3 }
low = STATS_min / 1.2
high = STATS_max * 1.2
top = 1.03
height_px = 560
load canvas

# Each label goes to the first place around its point where it hides no point and no label
# before it: above, below, right, left, then further away. In shares of the picture.
array label_x[lanes]
array label_y[lanes]
x(i) = log(speed[i] / low) / log(high / low)
y(i) = compact[i] / top
half_width(i) = (is_narrow ? 0.0125 : 0.0058) * strlen(word(allocators, i))
places = "0,1 0,-1 1,0 -1,0 0.7,1 -0.7,1 0.7,-1 -0.7,-1 0,2 0,-2"
across(p) = real(substr(word(places, p), 1, strstrt(word(places, p), ",") - 1))
along(p) = real(substr(word(places, p), strstrt(word(places, p), ",") + 1, 9))
at_x(i, p) = x(i) + across(p) * (half_width(i) + 0.014)
at_y(i, p) = y(i) + along(p) * 0.046
meets(i, cx, cy, k, gap_x, gap_y) = abs(cx - x(k)) < gap_x && abs(cy - y(k)) < gap_y
meets_label(i, cx, cy, k) = abs(cx - label_x[k]) < half_width(i) + half_width(k) \
    && abs(cy - label_y[k]) < 0.04
clashes(i, cx, cy) = \
    (sum [k=1:lanes] (k != i && meets(i, cx, cy, k, half_width(i) + 0.012, 0.036))) \
    + (i > 1 ? (sum [k=1:i - 1] meets_label(i, cx, cy, k)) : 0)
do for [i=1:lanes] {
    best = 1
    do for [p=words(places):1:-1] {
        if (clashes(i, at_x(i, p), at_y(i, p)) == 0) { best = p }
    }
    label_x[i] = at_x(i, best)
    label_y[i] = at_y(i, best)
    if (speed[i] == speed[i] && compact[i] == compact[i]) {
        set label i word(allocators, i) at graph label_x[i], graph label_y[i] center \
            textcolor rgb "#202020" font ",12" front
    }
}
set title fit("Speed against compactness (large: all traces with 95 % interval, small: one trace)")
set logscale x
set xrange [low:high]
set for [decade=-2:4] xtics add (1 * 10**decade, 2 * 10**decade, 5 * 10**decade)
set yrange [0:top]
set xlabel fit("million operations per second (geometric mean, log scale, right is better)")
set ylabel fit("utilization: peak live / peak resident growth (mean, up is better)")
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
