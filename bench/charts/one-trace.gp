# Shared by the charts of one trace: `chosen` is the first of the file, or the one that is
# asked for.
stats file using (note_trace(strcol("trace"))) nooutput
chosen = trace eq "" ? word(traces, 1) : trace
if (index_of(traces, chosen) == 0) {
    exit status 4 # no such trace, as report/gnuplot.c knows it
}
is_chosen(n) = strcol("trace") eq chosen
