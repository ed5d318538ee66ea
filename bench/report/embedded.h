/* The files of bench/charts and bench/page, embedded in the executable. */
#ifndef SNUGBENCH_REPORT_EMBEDDED_H
#define SNUGBENCH_REPORT_EMBEDDED_H

/* Each ends with a NUL. Scripts of gnuplot that the charts share: */
extern const char chart_style[], chart_canvas[], chart_rows[], chart_one_trace[];

/* One for each chart: */
extern const char chart_scatter[], chart_live[], chart_programs[], chart_memory[],
    chart_memory_parts[], chart_timeline[], chart_latency[], chart_throughput[],
    chart_threads[], chart_utilization[], chart_syscalls[], chart_micro[],
    chart_micro_scaling[], chart_trace_live[], chart_trace_sizes[],
    chart_trace_lifetimes[];

/* For the page: */
extern const char page_css[], page_js[];

#endif
