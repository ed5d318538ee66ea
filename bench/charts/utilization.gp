# utilization: peak live bytes / peak resident growth for each trace. From summary.csv.
file = dir."/summary.csv"
load style
stats file using (note_trace(strcol("trace")), \
    note_allocator(strcol("allocator"), strcol("role"))) nooutput
stats file using (note_figure(strcol("utilization_ratio"))) nooutput
if (figures == 0) { exit status 3 }
load rows
set title "Memory utilization of each trace"
set xrange [0:1.03]
set xtics 0.1
set xlabel fit("peak live bytes / peak resident growth (right is better, 1 is no waste)")
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead dashtype 2 \
    linecolor rgb "black"
plot for [i=1:lanes] file using (is(i) ? column("utilization_ratio") : NaN): \
        (row(strcol("trace")) + lane(i)) \
        with points pointtype mark(i) pointsize 0.8 \
        linecolor rgb colour(i) title word(allocators, i)
