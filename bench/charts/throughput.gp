# throughput: operations per second for each trace, with 95 % intervals. From summary.csv.
file = dir."/summary.csv"
load style
stats file using (note_trace(strcol("trace")), \
    note_allocator(strcol("allocator"), strcol("role"))) nooutput
stats file using (note_figure(strcol("warm_mops_low"))) nooutput
if (figures == 0) { exit status 3 }
stats file using (column("warm_mops_low")) name "LOW" nooutput
stats file using (column("warm_mops_high")) name "HIGH" nooutput
load rows
set title fit("Throughput of each trace, steady state (bars: 95 % interval)")
set logscale x
set xrange [LOW_min / 1.15:HIGH_max * 1.15]
set for [decade=-2:4] xtics add (1 * 10**decade, 2 * 10**decade, 5 * 10**decade)
set xlabel fit("million operations per second (log scale, right is better)")
plot for [i=1:lanes] file using (is(i) ? column("warm_mops") : NaN): \
        (row(strcol("trace")) + lane(i)): \
        (column("warm_mops_low")):(column("warm_mops_high")) \
        with xerrorbars pointtype mark(i) pointsize 0.7 \
        linecolor rgb colour(i) title word(allocators, i), \
    file using (strcol("role") eq "floor" ? column("warm_mops") : NaN): \
        (row(strcol("trace"))) with lines linecolor rgb "black" dashtype 2 \
        title floor_name ne "" ? "floor (harness)" : ""
